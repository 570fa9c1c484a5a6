"""What mail programs ask of a letter: tables that close, styles in tags, a scheme for the dark, nothing from elsewhere."""

import re
from html import unescape
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.campaigns.content.compiled import Source, compile_source
from apps.campaigns.content.layout import PREVIEW_LETTERS
from apps.campaigns.content.looks import Identity, Picture, default_look, look_of
from apps.campaigns.content.schemes import Scheme, in_scheme
from apps.campaigns.content.slots import RESERVED, Mode, beginning, mark, mark_address
from apps.campaigns.content.trimming import worn
from apps.campaigns.lengths import PREHEADER_ON_DESKTOP, preheader_of
from apps.campaigns.models import Brand
from tests.campaigns.test_content_values import facts, person

VOID = {"meta", "img", "br", "hr", "link", "input"}
BODY = "{{ contact.greeting }},\n\nSoon.\n\n> Quoted\n\n[Follow]({{ window.notice_url }})\n\n- one\n- two"
LOGO = Picture(url="https://preavis.test/logos/x.png", width=120, height=40)


class Tree(HTMLParser):
    """Complains of a tag that closes what is not open."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.styles: list[str] = []
        self.feed(document)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] == "style":
            self.styles.append(data)

    def all(self, tag):
        return [attrs for name, attrs in self.tags if name == tag]


def letter(look=None, *, language="en", body=BODY, name="Ana Lima", **links):
    source = Source(name="t", language=language, subject="Work", body=body)
    links = {"unsubscribe_url": "https://preavis.test/u/x", "pixel_url": "https://preavis.test/o/x.gif"} | links
    return compile_source(source, facts(), "Europe/Paris", "email", look).render(person(name=name), **links)


def look(**identity):
    plain = default_look().identity
    return look_of(Identity(**({"light": plain.light, "dark": plain.dark} | identity)))


def selectors(document):
    rules = "".join(Tree(document).styles).replace("\n ", "")
    return {each for rule in re.findall(r"([^{}@]+){[^{}]+}", rules) for each in rule.split(",")}


def test_no_line_of_it_begins_with_a_dot_that_smtp_would_double():
    assert not [line for line in letter().html.splitlines() if line.startswith(".")]


def test_every_tag_is_closed_in_order():
    Tree(letter().html)
    Tree(letter(look(logo=LOGO, name="Lima", address="1 Quay\nLyon", footers=(("en", "Hello"),))).html)


def test_outlook_is_given_a_table_as_wide_as_the_sheet_and_its_pixels():
    """Word heeds no greatest width, and takes a pixel for a point on fine screens."""
    document = letter().html
    assert re.search(r'<!--\[if mso\]><table[^>]* width="600"><tr>\s*<td[^>]*><!\[endif\]--><div class="sheet"', document)
    assert 'xmlns:o="urn:schemas-microsoft-com:office:office"' in document
    assert "<o:PixelsPerInch>96</o:PixelsPerInch>" in document


def test_what_only_outlook_reads_is_closed_too():
    """Outlook sees the conditional comments as tags, and not what is marked as hidden from it."""
    document = letter(look(logo=LOGO, name="Lima", address="1 Quay")).html
    document = re.sub(r"<!--\[if !mso\]>.*?<!\[endif\]-->", "", document, flags=re.DOTALL)
    Tree(re.sub(r"<!--\[if [^\]]*\]>|<!\[endif\]-->", "", document))


def test_tables_of_the_layout_are_no_data_to_a_screen_reader():
    assert {table["role"] for table in Tree(letter().html).all("table")} == {"presentation"}


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_language_is_said(language):
    tree = Tree(letter(language=language).html)
    assert tree.all("html")[0]["lang"] == language
    assert [div["lang"] for div in tree.all("div") if "lang" in div] == [language]


def test_both_schemes_are_announced_and_the_dark_has_its_rules():
    tree = Tree(letter().html)
    metas = {meta.get("name"): meta.get("content") for meta in tree.all("meta")}
    assert metas["color-scheme"] == "light dark"
    assert any(":root{color-scheme:light dark}" in style and "prefers-color-scheme:dark" in style for style in tree.styles)


def test_the_styles_of_the_text_stand_in_its_tags():
    tree = Tree(letter().html)
    text_tags = [(tag, attrs) for tag, attrs in tree.tags if tag in ("p", "li", "ul", "blockquote", "a")]
    assert len(text_tags) > 8
    assert all("style" in attrs for _tag, attrs in text_tags)


def test_a_lone_link_is_a_cell_that_outlook_pads():
    cell = next(cell for cell in Tree(letter().html).all("td") if "mso-padding-alt" in cell["style"])
    assert "background-color:#1d5fa8" in cell["style"]


def test_every_picture_has_an_alternative_and_its_size():
    pictures = Tree(letter(look(logo=LOGO, name='Lima & "Sons"')).html).all("img")
    assert [(picture["alt"], picture["width"]) for picture in pictures] == [('Lima & "Sons"', "120"), ("", "1")]


def test_the_logo_speaks_for_the_sender_where_the_brand_has_no_name():
    assert Tree(letter(look(logo=LOGO)).html).all("img")[0]["alt"] == "Ops"


def test_nothing_is_fetched_from_elsewhere_but_the_logo():
    document = letter(look(logo=LOGO), pixel_url="").html
    assert re.findall(r'(?:src|url\(|@import)\W*(https?:[^"\')]+)', document) == [LOGO.url]
    assert "<link" not in document


def test_no_line_is_too_long_for_smtp():
    assert max(len(line.encode()) for line in letter(look(logo=LOGO, name="Lima", address="x")).html.split("\n")) < 700


def test_the_character_set_stands_where_it_is_looked_for():
    assert letter().html.index('<meta charset="utf-8">') < 1024 - 22


def test_the_foot_says_what_the_brand_wants_in_the_readers_language():
    branded = look(footers=(("en", "A & B Ltd"), ("fr", "A & B SARL")), address="1 Quay\nLyon")
    english, french = letter(branded), letter(branded, language="fr")
    assert "A &amp; B Ltd" in english.html
    assert "1 Quay<br>Lyon" in english.html
    assert english.text.endswith("A & B Ltd\n\n1 Quay\nLyon\n")
    assert "A & B SARL" in french.text
    assert "A &amp; B SARL" in french.html


def test_a_language_without_a_foot_gets_the_english_one():
    assert "A Ltd" in letter(look(footers=(("en", "A Ltd"), ("fr", ""))), language="fr").html


def test_an_inbox_is_given_the_beginning_of_the_first_paragraph_that_greets_nobody():
    words = "Soon {{ contact.first_name }} reads of the work. " + "It takes some more words than an inbox shows. " * 4

    shown = preheader_of(letter(body=f"{{{{ contact.greeting }}}},\n\n{words}").html)

    assert shown.startswith("Soon Ana reads of the work. It takes some")
    assert shown.endswith(" …")
    assert PREHEADER_ON_DESKTOP < len(shown) <= PREVIEW_LETTERS
    assert shown.removesuffix(" …") in words.replace("{{ contact.first_name }}", "Ana")


@pytest.mark.parametrize(
    "text",
    ["お知らせです、" * 40, "https://example.com/" + "a-b/" * 50, "お知らせ " + "作業を行います、" * 30],
    ids=["without spaces", "an address", "one space, early"],
)
def test_where_words_are_not_parted_it_is_cut_anywhere(text):
    shown = preheader_of(letter(body=f"Hello,\n\n{text}").html)

    assert shown.endswith("…")
    assert text.startswith(shown.removesuffix("…"))
    assert PREHEADER_ON_DESKTOP < len(shown) <= PREVIEW_LETTERS


@given(before=st.integers(0, 160), mode=st.sampled_from([*Mode]))
def test_it_is_never_cut_through_a_mark(before, mode):
    marked = mark_address(mark(7)) if mode is Mode.URL else mark(7, mode)

    shown = beginning("x" * before + marked + "y" * 90, letters=PREVIEW_LETTERS)

    assert RESERVED not in shown.replace(marked, "")
    assert len(shown) <= PREVIEW_LETTERS


def test_a_short_first_paragraph_is_shown_whole():
    assert preheader_of(letter(body="Hello,\n\nWork on **things**.\n\nMore.").html) == "Work on things."


@pytest.mark.parametrize("name", ["<script>x</script>", '"><img src=x>', "{{ 7 }}", "A & B &amp;", "</mj-text>", "<!--", "é名"])
def test_no_name_becomes_markup(name):
    plain, hostile = (Tree(letter(look(name=each, address=each, footers=(("en", each),))).html) for each in ("Lima", name))
    assert [tag for tag, _attrs in plain.tags] == [tag for tag, _attrs in hostile.tags]


@pytest.mark.parametrize("logo", [None, LOGO], ids=["written", "drawn"])
def test_a_name_that_looks_like_what_is_trimmed_stays_whole(logo):
    name = 'A /> 0px direction:ltr; style="top:0px;" <!--[if mso | IE]> </tbody> <table border="0"> B'
    document = letter(look(logo=logo, name=name)).html
    shown = Tree(document).all("img")[0]["alt"] if logo else unescape(re.search(r'class="sender"[^>]*>(.*?)</td>', document)[1])
    assert shown == name


@pytest.mark.parametrize(
    ("body", "its_own"),
    [
        ("Soon.", set()),
        ("# Work", {".body h1"}),
        ("> Quoted", {".body blockquote"}),
        ("`code`", {".body code"}),
        ("---", {".body hr"}),
        ("[Follow](https://preavis.test/)", {".button", ".button td", ".button a", ".body .button td", ".body .button a"}),
    ],
    ids=["plain", "heading", "quote", "code", "line", "button"],
)
def test_a_letter_carries_rules_only_for_what_it_has(body, its_own):
    plain = {":root", "body", "table", "td", ".page", ".sheet>table", ".sender", ".body", ".foot", ".foot td", ".sheet a"}
    assert selectors(letter(body=body).html) == plain | its_own


@pytest.mark.parametrize(
    "css",
    [
        pytest.param("@font-face{font-family:X}", id="no rule for tags"),
        pytest.param("[data-ogsc] .a{color:red}", id="an attribute"),
        pytest.param("#outlook a{padding:0}", id="an id"),
        pytest.param("tr:nth-child(odd){color:red}", id="a place"),
    ],
)
def test_a_rule_is_kept_where_tags_and_classes_do_not_tell(css):
    document = f'<style>{css}.b{{color:red}}</style><table><tr><td class="a"><a href="">x</a></td></tr></table>'

    assert worn(document) == document.replace(".b{color:red}", "")


def test_logo_and_colophon_bring_their_rules():
    document = letter(look(logo=LOGO, address="1 Quay")).html
    assert selectors(document) >= {".logo", ".logo img", ".logo td", ".colophon"}
    assert ".sender" not in selectors(document)


def test_what_a_value_holds_brings_no_rule():
    assert selectors(letter(name='<h1 class="logo">').html) == selectors(letter().html)


def test_a_frame_is_light():
    """What a letter weighs beside its words: a hundred thousand go out."""
    assert len(letter(body="x").html.encode()) < 3700


def test_nothing_is_left_of_what_mjml_writes_for_columns():
    assert re.findall("mj-|tbody|qzx", letter(look(logo=LOGO, address="1 Quay"), body="x").html) == []


def test_a_letter_is_shown_in_either_scheme_whatever_the_reader_prefers():
    document = letter().html
    assert "@media all{" in in_scheme(document, Scheme.DARK)
    assert "@media not all{" in in_scheme(document, Scheme.LIGHT)
    assert "prefers-color-scheme" not in in_scheme(document, Scheme.DARK) + in_scheme(document, Scheme.LIGHT)


def test_the_brand_out_of_the_box_can_be_read():
    from apps.campaigns.branding import contrast_problems

    assert list(contrast_problems(Brand())) == []
