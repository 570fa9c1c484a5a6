import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.campaigns.content.colours import contrast, is_colour, mix, nearest_readable, quieter, readable, written_on
from apps.campaigns.content.looks import Palette

COLOURS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [("#000000", "#ffffff", 21), ("#ffffff", "#ffffff", 1), ("#767676", "#ffffff", 4.54), ("#0000ff", "#ffffff", 8.59)],
)
def test_contrast_is_that_of_wcag(one, other, ratio):
    assert contrast(one, other) == pytest.approx(ratio, abs=0.01)
    assert contrast(other, one) == contrast(one, other)


@pytest.mark.parametrize(
    ("text", "is_one"),
    [("#1d5fa8", True), ("#1D5FA8", True), ("1d5fa8", False), ("#fff", False), ("red", False), ("#1d5fa8\n", False)],
)
def test_a_colour_is_six_hexadecimal_digits(text, is_one):
    assert is_colour(text) is is_one


def test_colours_mix():
    assert mix("#000000", "#ffffff", 0.5) == "#808080"


def test_a_readable_colour_stays():
    assert nearest_readable("#1d5fa8", "#ffffff") == "#1d5fa8"


@given(colour=COLOURS, surface=COLOURS)
def test_what_is_proposed_can_be_read(colour, surface):
    assert readable(nearest_readable(colour, surface), surface)
    assert readable(written_on(surface), surface)


@given(text=COLOURS, surface=COLOURS)
def test_fading_never_makes_text_unreadable(text, surface):
    if readable(text, surface):
        assert readable(quieter(text, surface), surface)


@given(page=COLOURS, sheet=COLOURS, text=COLOURS, accent=COLOURS)
def test_whatever_is_chosen_links_buttons_and_the_colophon_can_be_read(page, sheet, text, accent):
    palette = Palette(page=page, sheet=sheet, text=text, accent=accent)
    assert readable(palette.link, sheet)
    assert readable(palette.on_accent, accent)
    assert readable(palette.around, page)
    assert readable(palette.tint_text, palette.tint)
