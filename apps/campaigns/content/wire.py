"""Letters ready to go over the wire: what recipients have in common is bytes already, what differs is written in.

A joined letter has the bytes of the same letter rendered as text (tests/delivery/test_wire.py); it only takes less time.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Self

from apps.channels.messages import Octets, Wire
from apps.common.text import clean_text, one_line

from .context import Reader, contact_context
from .liquid import ContactOutput
from .slots import SUBJECT, Encoder, Pattern

_PERHAPS_FIRST = (b"", b".")  # what a value begins with that may leave a dot at the beginning of a line


@dataclass(frozen=True, kw_only=True)
class Letter:
    """What all colleagues, or all customers, of one language and zone are written. `asks`: the slots that ask who they are."""

    language: str
    subject: Pattern
    text: Pattern
    html: Pattern
    asks: Mapping[int, ContactOutput]

    @cached_property
    def addresses(self) -> frozenset[int]:
        """The slots for which each recipient has an address of their own."""
        return frozenset(number for number, _encode in self.text.distinct | self.html.distinct) - {*self.asks, SUBJECT}

    def answers(self, reader: Reader | None) -> dict[int, str]:
        """What one recipient answers the slots that ask, the subject included."""
        about = contact_context(reader, language=self.language) if self.asks else {}
        answers = {number: ask(about) for number, ask in self.asks.items()}
        answers[SUBJECT] = self._shared_subject or one_line(self.subject.join(answers))
        return answers

    @cached_property
    def _shared_subject(self) -> str:
        """Empty where it asks."""
        return "" if self.subject.slots else one_line(self.subject.join({}))

    def wired(self, own: Mapping[int, bytes]) -> "WiredLetter | None":
        """`own`: addresses like those that each recipient gets, by slot; theirs have to be of the same length and letters.

        None where such an address would not be written as it is.
        """
        asked = {*self.asks, SUBJECT}
        slots = self.text.distinct | self.html.distinct
        if any(number not in asked and encode(own[number].decode()).encode() != own[number] for number, encode in slots):
            return None
        return WiredLetter(letter=self, text=WirePattern.of(self.text, asked, own), html=WirePattern.of(self.html, asked, own))


@dataclass(frozen=True, kw_only=True)
class WirePattern:
    """A pattern in UTF-8 with CRLF line ends. Slots with an encoder ask the recipient, the others hold addresses of theirs.

    `longest_line`: of the text with its addresses, and nothing where the recipient is asked. `has_no_dots`: no line of it
    begins with one as long as each answer begins and ends in the middle of a line.
    """

    literals: tuple[bytes, ...]
    slots: tuple[tuple[int, Encoder | None], ...]
    longest_line: int
    has_no_dots: bool

    @classmethod
    def of(cls, pattern: Pattern, asked: Collection[int], own: Mapping[int, bytes]) -> Self:
        literals = tuple(_wired(clean_text(literal)) for literal in pattern.literals)
        slots = tuple((number, encode if number in asked else None) for number, encode in pattern.slots)
        specimen = b"".join(_woven(_loom(literals), [b"" if encode else own[number] for number, encode in slots]))
        lines = specimen.split(b"\r\n")
        has_dots = literals[0].startswith(b".") or any(b"\r\n." in literal for literal in literals)
        return cls(literals=literals, slots=slots, longest_line=max(map(len, lines)), has_no_dots=not has_dots)

    @cached_property
    def asking(self) -> tuple[tuple[int, Encoder, int], ...]:
        """The slots that ask, each with how often it does."""
        times = Counter(slot for slot in self.slots if slot[1])
        return tuple((number, encode, count) for (number, encode), count in times.items() if encode)

    @cached_property
    def loom(self) -> list[bytes]:
        return _loom(self.literals)

    @cached_property
    def is_ascii(self) -> bool:
        return all(literal.isascii() for literal in self.literals)

    def fill(self, answers: Mapping[int, str], own: Mapping[int, bytes]) -> tuple[Octets, int, bool]:
        """The text, how much longer than `longest_line` a line of it can be, and whether it has no dots."""
        written, more, has_no_dots = {}, 0, self.has_no_dots
        for number, encode, count in self.asking:
            text = encode(answers[number])
            has_lines = "\n" in text
            value = written[number, encode] = _wired(text) if has_lines else text.encode()
            more += count * len(value)
            # An empty one may leave a dot first that stands behind it; one of several lines may have one anywhere.
            if has_lines or value[:1] in _PERHAPS_FIRST:
                has_no_dots = False
        values = [written[number, encode] if encode else own[number] for number, encode in self.slots]
        octets = Octets(pieces=_woven(self.loom, values), is_ascii=self.is_ascii and b"".join(values).isascii())
        return octets, more, has_no_dots


@dataclass(frozen=True, kw_only=True)
class WiredLetter:
    letter: Letter
    text: WirePattern
    html: WirePattern

    def to(self, reader: Reader | None, own: Mapping[int, bytes]) -> tuple[str, Wire]:
        """Subject and texts for one recipient."""
        answers = self.letter.answers(reader)
        text, text_more, text_has_no_dots = self.text.fill(answers, own)
        html, html_more, html_has_no_dots = self.html.fill(answers, own)
        longest = max(self.text.longest_line + text_more, self.html.longest_line + html_more)
        has_no_dots = text_has_no_dots and html_has_no_dots
        return answers[SUBJECT], Wire(text=text, html=html, longest_line=longest, has_no_dots=has_no_dots)


def _wired(text: str) -> bytes:
    return text.replace("\n", "\r\n").encode()


def _loom(literals: Collection[bytes]) -> list[bytes]:
    """The literals, with an empty place between each two."""
    return [part for literal in literals for part in (b"", literal)][1:]


def _woven(loom: list[bytes], values: list[bytes]) -> list[bytes]:
    parts = loom.copy()
    parts[1::2] = values
    return parts
