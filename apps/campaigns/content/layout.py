"""The finished document around a skeleton: e-mail with its frame and footer, chat post, text message or plain text.

Worked out once per skeleton and kept; what differs between recipients stays a slot.
"""

import itertools
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import css_inline
from django.template.loader import render_to_string
from django.utils.safestring import mark_safe
from markdown_it.token import Token

from apps.channels.models import ChannelKind

from . import markdown
from .phrases import phrases
from .slots import (
    CALENDAR,
    HTML,
    NOTICE,
    PIXEL,
    PLAIN,
    SUBJECT,
    SUBJECT_LINE,
    TEAM,
    UNSUBSCRIBE,
    WHY,
    Pattern,
    mark,
    mark_address,
)
from .sms import short_text

LETTERS = (ChannelKind.EMAIL, ChannelKind.MEMORY)  # text and HTML, with a footer

# The inliner puts what it cannot inline at the head's start; the character set has to stand within the first 1024 bytes.
_STYLE_FIRST = re.compile(r"<head>(<style>.*?</style>)(.*?)</head>", re.DOTALL)
_INLINER = css_inline.CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)


@dataclass(frozen=True, kw_only=True)
class Frame:
    """What decides, beside the texts, how a document looks."""

    kind: str
    language: str
    has_unsubscribe: bool
    has_pixel: bool


@dataclass(frozen=True, kw_only=True)
class Document:
    """A message cut at its slots; `html` is empty for channels that know none."""

    subject: Pattern
    text: Pattern
    html: Pattern
    finish: Callable[[str], str] = str  # what is done to the finished text


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
    return render_to_string("email/layout.txt", {"body": text, **_slots(frame)}).strip() + "\n"


def _letter_html(tokens: list[Token], frame: Frame) -> str:
    body = mark_safe(markdown.to_html(tokens))  # cleaned there
    page = render_to_string("email/layout.html", {"body": body, "preview": _preview(tokens), **_slots(frame)})
    inlined = _STYLE_FIRST.sub(r"<head>\2\1</head>", _INLINER.inline(page))
    return re.sub(r"\n{2,}", "\n", inlined)


def _slots(frame: Frame) -> dict[str, object]:
    def address(number: int) -> str:
        return mark_address(mark(number))

    return {
        "language": frame.language,
        "words": phrases(frame.language)["footer"],
        "colon": phrases(frame.language)["colon"],
        "title": mark(SUBJECT),
        "team": mark(TEAM),
        "why": mark(WHY),
        "notice": address(NOTICE),
        "calendar": address(CALENDAR),
        "unsubscribe": address(UNSUBSCRIBE) if frame.has_unsubscribe else "",
        "pixel": address(PIXEL) if frame.has_pixel else "",
    }


def _preview(tokens: list[Token]) -> str:
    """What an inbox shows beside the subject: the first paragraph that is not a greeting, which ends with a comma."""
    paragraphs = [inline for opening, inline in itertools.pairwise(tokens) if opening.type == "paragraph_open"]
    texts = [" ".join(markdown.to_text([paragraph]).split()) for paragraph in paragraphs]
    return next((text for text in texts if text and not text.endswith(",")), "")
