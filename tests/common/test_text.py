import pytest

from apps.common.text import chat_text, clean_text, one_line


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("Window\r\nBcc: eve@example.org", "Window Bcc: eve@example.org", id="header"),
        pytest.param("a\rb\nc\x0bd\x0ce\x85f\u2028g\u2029h", "a b c d e f g h", id="every line end"),
        pytest.param("  a \t b  ", "a b", id="spaces"),
        pytest.param("a\x00\x07\x1b[31m\x7fb\x9f", "a[31mb", id="control characters"),
        pytest.param("a\ud800b", "ab", id="half a surrogate pair"),
        pytest.param("Été 🎉 à 02:00", "Été 🎉 à 02:00", id="left alone"),
        pytest.param("", "", id="empty"),
    ],
)
def test_one_line_breaks_no_header(text, expected):
    assert one_line(text) == expected


def test_several_lines_keep_their_ends_and_tabs():
    assert clean_text("a\r\nb\rc\u2028d\n\n\te\x00") == "a\nb\nc\nd\n\n\te"


def test_chat_marks_are_escaped_once():
    assert chat_text("<!channel> & <@U1>") == "&lt;!channel&gt; &amp; &lt;@U1&gt;"


def test_a_mention_of_everybody_is_taken_apart_and_a_person_s_is_not():
    assert chat_text("@all @ana ops@all.org") == "@\u200ball @ana ops@all.org"
