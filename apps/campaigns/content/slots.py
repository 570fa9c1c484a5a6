"""Places in a finished text where a value goes, and how it is written there.

A value never passes through Markdown or the HTML clean-up: in its place stands a mark of plain letters and digits, which
both leave alone, and the finished text is cut at its marks. So no value can become markup, whatever it holds, and what
is common to all recipients is worked out once; a message is then a join.
"""

import html
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from typing import Self
from urllib.parse import quote, urlsplit

RESERVED = "qzx"  # no template may hold it; in small letters, since host names in links are put into them
SAFE_SCHEMES = ("http", "https", "mailto", "tel")

_SPECIAL = re.compile("[&<>\"'\n]")  # of which most names have none
_MARK = re.compile(r"qzx([tup])(\d{6})qzx")
_URL_HOST = ".invalid"  # a mark in place of a whole address must look like one, or the clean-up would take it for a path
_MARKED_URL = re.compile(rf"https://(qzxu\d{{6}}qzx){re.escape(_URL_HOST)}/?")
_PIECE = re.compile(rf"{_MARKED_URL.pattern}|{_MARK.pattern}|.", re.DOTALL)  # what is not cut through


class Mode(StrEnum):
    TEXT = "t"  # words that a reader sees
    URL = "u"  # the whole of an address
    PART = "p"  # a piece of an address


# Slots that are filled from outside the template; the template's own are numbered from 0.
NOTICE, UNSUBSCRIBE, PIXEL, SUBJECT, WHY, TEAM, CALENDAR = range(900_000, 900_007)
FIRST_LINK = 910_000  # from here on, by their number in the book of links: addresses that lead to what a letter links to

Encoder = Callable[[str], str]
Slot = tuple[int, Encoder]  # its number, and how a value is written there


@dataclass(frozen=True, kw_only=True)
class Medium:
    """How values are written into one kind of text."""

    text: Encoder
    url: Encoder
    part: Encoder

    def encoder(self, mode: str) -> Encoder:
        return {Mode.TEXT: self.text, Mode.URL: self.url, Mode.PART: self.part}[Mode(mode)]


def mark(number: int, mode: Mode = Mode.TEXT) -> str:
    return f"{RESERVED}{mode}{number:06}{RESERVED}"


def mark_address(address: str) -> str:
    """An address in which each mark knows whether it is the whole of the address or a part."""
    whole = _MARK.fullmatch(address)
    if whole:
        return f"https://{mark(int(whole[2]), Mode.URL)}{_URL_HOST}"
    return _MARK.sub(lambda found: mark(int(found[2]), Mode.PART), address)


def beginning(text: str, *, letters: int) -> str:
    """The text, or as much of its beginning as fits into so many letters with a “…”: as far as the last word where words are parted,
    and never through a mark."""
    if len(text) <= letters:
        return text
    kept = ""
    for piece in _PIECE.finditer(text):
        if len(kept) + len(piece[0]) > letters - 2:
            break
        kept += piece[0]
    words = kept.rpartition(" ")[0]
    return f"{words} …" if 3 * len(words) > 2 * letters else f"{kept}…"


def safe_address(value: str) -> str:
    """The address, or “#” where it would not lead to a page, a mailbox or a phone."""
    value = value.strip()
    try:
        scheme = urlsplit(value).scheme
    except ValueError:
        return "#"
    return value if scheme in SAFE_SCHEMES and not re.search(r"[\s\x00-\x1f<>\"]", value) else "#"


def quote_part(value: str) -> str:
    return quote(value, safe="")


def escape_lines(value: str) -> str:
    return html.escape(value).replace("\n", "<br>") if _SPECIAL.search(value) else value


def one_paragraph(value: str) -> str:
    return " ".join(value.split())


PLAIN = Medium(text=str, url=safe_address, part=quote_part)
SUBJECT_LINE = Medium(text=one_paragraph, url=safe_address, part=quote_part)
HTML = Medium(text=escape_lines, url=lambda value: html.escape(safe_address(value)), part=quote_part)


@dataclass(frozen=True, kw_only=True)
class Pattern:
    """A text cut at its slots: `literals` has one item more than `slots`."""

    literals: tuple[str, ...]
    slots: tuple[Slot, ...]

    @classmethod
    def cut(cls, text: str, medium: Medium) -> Self:
        pieces = _MARK.split(_MARKED_URL.sub(lambda found: found[1], text))
        modes, numbers = pieces[1::3], pieces[2::3]
        slots = tuple((int(number), medium.encoder(mode)) for mode, number in zip(modes, numbers, strict=True))
        return cls(literals=tuple(pieces[0::3]), slots=slots)

    def fill(self, values: Mapping[int, str]) -> Self:
        """The same with the slots in `values` written in for good."""
        literals, slots = [self.literals[0]], []
        for (number, encode), literal in zip(self.slots, self.literals[1:], strict=True):
            if number in values:
                literals[-1] += encode(values[number]) + literal
            else:
                slots.append((number, encode))
                literals.append(literal)
        return type(self)(literals=tuple(literals), slots=tuple(slots))

    def renumbered(self, numbers: Mapping[int, int]) -> Self:
        return replace(self, slots=tuple((numbers.get(number, number), encode) for number, encode in self.slots))

    @cached_property
    def distinct(self) -> frozenset[Slot]:
        return frozenset(self.slots)

    def join(self, values: Mapping[int, str]) -> str:
        written = {slot: slot[1](values[slot[0]]) for slot in self.distinct}
        parts = [self.literals[0]]
        for slot, literal in zip(self.slots, self.literals[1:], strict=True):
            parts += written[slot], literal
        return "".join(parts)
