"""The finished document around a skeleton: e-mail with its frame and footer, chat post, text message or plain text.

Worked out once per skeleton and kept; what differs between recipients stays a slot.
"""

import itertools
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from django.template.loader import render_to_string
from django.utils.html import escape
from markdown_it.token import Token

from apps.channels.models import ChannelKind

from . import markdown
from .looks import Look
from .phrases import phrases
from .slots import (
    CALENDAR,
    HTML,
    NOTICE,
    PIXEL,
    PLAIN,
    SUBJECT_LINE,
    UNSUBSCRIBE,
    WHY,
    Pattern,
    beginning,
    mark,
    mark_address,
)
from .sms import short_text
from .trimming import worn

LETTERS = (ChannelKind.EMAIL, ChannelKind.MEMORY)  # text and HTML, with a footer

# Outlook gives a link no padding of its own, but a cell of a table.
_LONE_LINK = re.compile(r'<p class="button">(<a .*?</a>)</p>', re.DOTALL)
_BUTTON = r'<table class="button" role="presentation" border="0" cellpadding="0" cellspacing="0"><tr><td>\1</td></tr></table>'


@dataclass(frozen=True, kw_only=True)
class Frame:
    """What decides, beside the texts, how a document looks."""

    kind: str
    language: str
    has_unsubscribe: bool
    has_pixel: bool
    look: Look


@dataclass(frozen=True, kw_only=True)
class Document:
    """A message cut at its slots; `html` is empty for channels that know none."""

    subject: Pattern
    text: Pattern
    html: Pattern
    finish: Callable[[str], str] = str  # what is done to the finished text


PREVIEW_LETTERS = 150  # of the template; more than any inbox shows; with fewer, some would go on with the greeting


@lru_cache(maxsize=256)
def document(subject: str, body: str, frame: Frame) -> Document:
    """`subject` and `body` are Liquid's skeletons: Markdown with marks. Their marks must not share numbers."""
    subject_line = Pattern.cut(subject, SUBJECT_LINE)
    nothing = Pattern.cut("", PLAIN)
    if frame.kind == ChannelKind.SMS:
        return Document(subject=subject_line, text=Pattern.cut(body, PLAIN), html=nothing, finish=short_text)
    tokens, colon = markdown.parse(body), phrases(frame.language)["colon"]
    if frame.kind == ChannelKind.CHAT:
        return Document(
            subject=subject_line, text=Pattern.cut(markdown.to_chat(tokens, colon=colon), markdown.CHAT), html=nothing
        )
    text = markdown.to_text(tokens, colon=colon)
    if frame.kind not in LETTERS:
        return Document(subject=subject_line, text=Pattern.cut(text, PLAIN), html=nothing)
    return Document(
        subject=subject_line,
        text=Pattern.cut(_letter_text(text, frame), PLAIN),
        html=Pattern.cut(_letter_html(tokens, frame), HTML),
    )


def _letter_text(text: str, frame: Frame) -> str:
    identity = frame.look.identity
    colophon = [words for words in (identity.footer_in(frame.language), identity.address) if words]
    return render_to_string("email/layout.txt", {"body": text, "colophon": colophon, **_slots(frame)}).strip() + "\n"


def _letter_html(tokens: list[Token], frame: Frame) -> str:
    look, slots = frame.look, _slots(frame)
    letter = look.shell.filled(
        language=frame.language,
        preheader=escape(_preview(tokens)),
        body=look.dressed(_LONE_LINK.sub(_BUTTON, markdown.to_html(tokens))),
        foot=look.foot(slots),
        colophon=look.colophon(frame.language),
        pixel=f'<img src="{slots["pixel"]}" width="1" height="1" alt="" style="display:block">' if frame.has_pixel else "",
    )
    return worn(letter)


def _slots(frame: Frame) -> dict[str, object]:
    def address(number: int) -> str:
        return mark_address(mark(number))

    return {
        "words": phrases(frame.language)["footer"],
        "colon": phrases(frame.language)["colon"],
        "why": mark(WHY),
        "notice": address(NOTICE),
        "calendar": address(CALENDAR),
        "unsubscribe": address(UNSUBSCRIBE) if frame.has_unsubscribe else "",
        "pixel": address(PIXEL),
    }


def _preview(tokens: list[Token]) -> str:
    """What an inbox shows beside the subject: the beginning of the first paragraph that is not a greeting, which ends with a
    comma."""
    paragraphs = [inline for opening, inline in itertools.pairwise(tokens) if opening.type == "paragraph_open"]
    texts = [" ".join(markdown.to_text([paragraph]).split()) for paragraph in paragraphs]
    text = next((text for text in texts if text and not text.endswith(",")), "")
    return beginning(text, letters=PREVIEW_LETTERS)
