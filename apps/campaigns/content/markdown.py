"""Markdown to HTML, to plain text and to the mark-up of team chats; marks of slots pass through untouched."""

import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

from .slots import SAFE_SCHEMES, Medium, mark_address, quote_part, safe_address

ALLOWED_TAGS = {
    *("p", "br", "hr", "h1", "h2", "h3", "h4", "ul", "ol", "li", "blockquote", "pre", "code", "strong", "em", "a"),
}
ALLOWED_ATTRIBUTES = {"a": {"href"}, "ol": {"start"}}
ALLOWED_CLASSES = {"p": {"button"}}

# Raw HTML is shown as text and images are not loaded: neither belongs in a message that everyone gets.
_PARSER = MarkdownIt("commonmark", {"html": False}).disable(["image", "html_block", "html_inline"])


def parse(source: str) -> list[Token]:
    tokens = _PARSER.parse(source)
    for token in _with_children(tokens):
        if token.type == "link_open":
            token.attrs = {"href": mark_address(str(token.attrs.get("href", "")))}
    return tokens


def to_html(tokens: list[Token]) -> str:
    """Clean HTML; a paragraph that is nothing but a link is marked as a button."""
    for opening, inline in itertools.pairwise(tokens):
        if opening.type == "paragraph_open" and _is_lone_link(inline):
            opening.attrs = {"class": "button"}
    return nh3.clean(
        _PARSER.renderer.render(tokens, _PARSER.options, {}),
        tags=ALLOWED_TAGS,
        attributes=ALLOWED_ATTRIBUTES,
        allowed_classes=ALLOWED_CLASSES,
        url_schemes=set(SAFE_SCHEMES),
        url_relative="deny",
        link_rel=None,  # is for pages; mail programs set their own
    )


def _is_lone_link(inline: Token) -> bool:
    kinds = [child.type for child in inline.children or []]
    return bool(kinds) and kinds[0] == "link_open" and kinds[-1] == "link_close" and kinds.count("link_open") == 1


def _with_children(tokens: Sequence[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from token.children or []


@dataclass(frozen=True, kw_only=True)
class Style:
    """How one text format writes what Markdown marks."""

    strong: str
    emphasis: str
    code: str
    bullet: str
    heading: Callable[[str], str]
    colon: str = ": "  # between the label of a link and its address

    def link(self, address: str, label: str) -> str:
        return address if label in ("", address) else f"{label}{self.colon}{address}"


PLAIN_STYLE = Style(strong="", emphasis="", code="", bullet="- ", heading=str)
# The transport escapes what Slack takes for mark-up, and posts links as they are; the subject stands above the post.
CHAT_STYLE = Style(strong="*", emphasis="_", code="`", bullet="• ", heading="*{}*".format)
_CHAT_MARKS = str.maketrans({"*": "\u2217", "~": "\u223c", "`": "\u02cb", "[": "(", "]": ")"})


def _unmarked(value: str) -> str:
    """A value without signs that a chat would take for formatting: look-alikes stand in for them."""
    return re.sub(r"(?<!\w)_|_(?!\w)", "\uff3f", value.translate(_CHAT_MARKS))


CHAT = Medium(text=_unmarked, url=safe_address, part=quote_part)


@dataclass(kw_only=True)
class _Writer:
    """Walks block tokens and keeps the indentation that lists and quotes ask for."""

    style: Style
    blocks: list[str] = field(default_factory=list)
    lists: list[int | None] = field(default_factory=list)  # the next number, None for bullets
    quotes: int = 0
    item_is_new: bool = False
    heading: bool = False

    def write(self, tokens: Sequence[Token]) -> str:
        for token in tokens:
            getattr(self, token.type, _ignore)(token)
        return "\n".join(self.blocks).strip() + "\n"

    def inline(self, token: Token) -> None:
        text = _inline_text(token.children or [], self.style)
        self.put(self.style.heading(text) if self.heading else text)

    def heading_open(self, token: Token) -> None:
        self.heading = True

    def heading_close(self, token: Token) -> None:
        self.heading = False
        self.gap()

    def paragraph_close(self, token: Token) -> None:
        if not token.hidden:
            self.gap()

    def bullet_list_open(self, token: Token) -> None:
        self.lists.append(None)

    def ordered_list_open(self, token: Token) -> None:
        self.lists.append(int(token.attrs.get("start", 1)))

    def bullet_list_close(self, token: Token) -> None:
        self.lists.pop()
        if not self.lists:
            self.gap()

    ordered_list_close = bullet_list_close

    def list_item_open(self, token: Token) -> None:
        self.item_is_new = True

    def blockquote_open(self, token: Token) -> None:
        self.quotes += 1

    def blockquote_close(self, token: Token) -> None:
        self.quotes -= 1

    def fence(self, token: Token) -> None:
        self.put(token.content.rstrip("\n"))
        self.gap()

    code_block = fence

    def hr(self, token: Token) -> None:
        self.put("-" * 20)
        self.gap()

    def gap(self) -> None:
        if self.blocks and self.blocks[-1]:
            self.blocks.append("")

    def put(self, text: str) -> None:
        first, rest = self._indent()
        lines = text.split("\n")
        self.blocks.extend([first + lines[0], *(rest + line for line in lines[1:])])

    def _indent(self) -> tuple[str, str]:
        quote = "> " * self.quotes
        if not self.lists:
            return quote, quote
        depth = "  " * (len(self.lists) - 1)
        hanging = quote + depth + "  "
        if not self.item_is_new:
            return hanging, hanging
        self.item_is_new = False
        number = self.lists[-1]
        if number is None:
            return quote + depth + self.style.bullet, hanging
        self.lists[-1] = number + 1
        return f"{quote}{depth}{number}. ", hanging


def _ignore(token: Token) -> None:
    """Closing tokens that plain text has no sign for."""


def _inline_text(tokens: Sequence[Token], style: Style) -> str:
    marks = {"strong_open": style.strong, "strong_close": style.strong, "em_open": style.emphasis, "em_close": style.emphasis}
    parts: list[str] = []
    link_starts: list[tuple[str, int]] = []
    for token in tokens:
        if token.type in ("softbreak", "hardbreak"):
            parts.append("\n")
        elif token.type == "code_inline":
            parts.append(f"{style.code}{token.content}{style.code}")
        elif token.type == "link_open":
            link_starts.append((str(token.attrs["href"]), len(parts)))
        elif token.type == "link_close":
            address, start = link_starts.pop()
            parts[start:] = [style.link(address, "".join(parts[start:]))]
        else:
            parts.append(marks.get(token.type, token.content))
    return "".join(parts)


def to_text(tokens: Sequence[Token], *, colon: str = ": ") -> str:
    return _Writer(style=replace(PLAIN_STYLE, colon=colon)).write(tokens)


def to_chat(tokens: Sequence[Token], *, colon: str = ": ") -> str:
    return _Writer(style=replace(CHAT_STYLE, colon=colon)).write(tokens)


_LENIENT = MarkdownIt("commonmark", {"html": True})


def refused_markup(source: str) -> list[str]:
    """The HTML and the pictures in a source, which would not be shown as meant."""
    tokens = _with_children(_LENIENT.parse(source))
    return [
        str(token.attrs["src"]) if token.type == "image" else token.content.strip()
        for token in tokens
        if token.type in ("html_inline", "html_block", "image")
    ]
