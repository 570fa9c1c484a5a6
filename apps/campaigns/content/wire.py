"""Letters ready to go over the wire: what recipients have in common is bytes already, what differs is written in.

A joined letter has the bytes of the same letter rendered as text (tests/delivery/test_wire.py); it only takes less time.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Self

from apps.channels.messages import Wire
from apps.common.text import clean_text, one_line

from .context import Reader, contact_context
from .liquid import ContactOutput
from .slots import SUBJECT, Encoder, Pattern


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
        answers[SUBJECT] = one_line(self.subject.join(answers))
        return answers

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

    `longest_line`: of the text with its addresses, and nothing where the recipient is asked.
    """

    literals: tuple[bytes, ...]
    slots: tuple[tuple[int, Encoder | None], ...]
    longest_line: int

    @classmethod
    def of(cls, pattern: Pattern, asked: Collection[int], own: Mapping[int, bytes]) -> Self:
        literals = tuple(_wired(clean_text(literal)) for literal in pattern.literals)
        slots = tuple((number, encode if number in asked else None) for number, encode in pattern.slots)
        specimen = _woven(_loom(literals), [b"" if encode else own[number] for number, encode in slots])
        return cls(literals=literals, slots=slots, longest_line=max(map(len, specimen.split(b"\r\n"))))

    @cached_property
    def asking(self) -> tuple[tuple[int, Encoder, int], ...]:
        """The slots that ask, each with how often it does."""
        times = Counter(slot for slot in self.slots if slot[1])
        return tuple((number, encode, count) for (number, encode), count in times.items() if encode)

    @cached_property
    def loom(self) -> list[bytes]:
        return _loom(self.literals)

    def join(self, answers: Mapping[int, str], own: Mapping[int, bytes]) -> tuple[bytes, int]:
        """The text, and how much longer than `longest_line` a line of it can be."""
        written, more = {}, 0
        for number, encode, count in self.asking:
            value = written[number, encode] = _wired(encode(answers[number]))
            more += count * len(value)
        return _woven(self.loom, [written[number, encode] if encode else own[number] for number, encode in self.slots]), more


@dataclass(frozen=True, kw_only=True)
class WiredLetter:
    letter: Letter
    text: WirePattern
    html: WirePattern

    def to(self, reader: Reader | None, own: Mapping[int, bytes]) -> tuple[str, Wire]:
        """Subject and texts for one recipient."""
        answers = self.letter.answers(reader)
        text, text_more = self.text.join(answers, own)
        html, html_more = self.html.join(answers, own)
        longest = max(self.text.longest_line + text_more, self.html.longest_line + html_more)
        return answers[SUBJECT], Wire(text=text, html=html, longest_line=longest)


def _wired(text: str) -> bytes:
    return text.replace("\n", "\r\n").encode()


def _loom(literals: Collection[bytes]) -> list[bytes]:
    """The literals, with an empty place between each two."""
    return [part for literal in literals for part in (b"", literal)][1:]


def _woven(loom: list[bytes], values: list[bytes]) -> bytes:
    parts = loom.copy()
    parts[1::2] = values
    return b"".join(parts)
