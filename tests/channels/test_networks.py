import pytest

from apps.channels.networks import seen, short_links, weight

FAMILY, FLAG, THUMB = "👨‍👩‍👧", "🇫🇷", "👍🏽"


@pytest.mark.parametrize(
    ("text", "length"),
    [
        pytest.param("", 0, id="nothing"),
        pytest.param("abc", 3, id="letters"),
        pytest.param("名前", 4, id="other alphabets weigh two"),
        pytest.param("e\u0301", 1, id="composed first"),
        pytest.param(FAMILY, 2, id="an emoji weighs two, however it is made"),
        pytest.param("“a”", 3, id="typographic quotes weigh one"),
        pytest.param("see https://example.org/" + "x" * 80, 27, id="a link is 23"),
        pytest.param("http://a.b https://c.d", 47, id="each link is"),
    ],
)
def test_x_counts_by_weight(text, length):
    assert weight(text) == length


@pytest.mark.parametrize(
    ("text", "length"), [("abc", 3), (FAMILY, 1), (FLAG * 2, 2), (THUMB, 1), ("e\u0301\u0323", 1), ("❤️", 1), ("a" + FLAG, 2)]
)
def test_a_reader_sees_so_many_signs(text, length):
    assert seen(text) == length


def test_mastodon_shortens_links():
    assert short_links("see https://example.org/" + "x" * 80) == 27
