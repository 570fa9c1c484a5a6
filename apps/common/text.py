"""Text of others made fit for places where a stray character would mean something: headers, calendars, chat."""

import re

# Every sign that some reader takes for the end of a line: a header, a calendar line or a log line would break there.
_LINE_ENDS = re.compile("\r\n|[\r\n\x0b\x0c\x85\u2028\u2029]")
# Control characters (C0 but tab and newline, DEL, C1) and lone surrogates, which no encoding can write.
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_SPACES = re.compile(r"\s+")
# Mentions of everybody, as Mattermost, Rocket.Chat and Discord read them in plain text; an address like a@all.org is none.
_MASS_MENTION = re.compile(r"(?<!\w)@(?=(?:channel|here|all|everyone|group)\b)", re.IGNORECASE)


def clean_text(text: str) -> str:
    """Text of several lines: every line end becomes a newline, control characters but the tab are dropped."""
    if text.isprintable():  # nothing of the kind in it, as in most names and addresses
        return text
    return _UNWRITABLE.sub("", _LINE_ENDS.sub("\n", text))


def one_line(text: str) -> str:
    """One line for headers, subjects and calendar values: no line end, no control character, single spaces."""
    if text.isprintable() and "  " not in text:  # of all blanks only the space is printable
        return text.strip()
    return _SPACES.sub(" ", clean_text(text)).strip()


def chat_text(text: str) -> str:
    """Text as a Slack-compatible chat shows it literally: nobody in it can mention a channel or dress up a link.

    Slack's own marks all begin with `<` (`<!channel>`, `<@U123>`, `<https://…|label>`); the others read a bare
    `@channel`, which a zero-width space takes apart.
    """
    escaped = clean_text(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _MASS_MENTION.sub("@\u200b", escaped)
