"""Letters ready to go over the wire: what recipients have in common is bytes already, what differs is written in.

A joined letter has the bytes of the same letter rendered as text (tests/delivery/test_wire.py); it only takes less time.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter
from typing import NamedTuple, Protocol, Self

from apps.channels.messages import Octets, Wire
from apps.common.text import clean_text, one_line

from .context import Reader, contact_context
from .liquid import ContactOutput
from .slots import SUBJECT, Encoder, Pattern, Slot

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

    def wired(self, own: Mapping[int, "OwnAddress"], names: Mapping[int, bytes]) -> "WiredLetter | None":
        """`own`: the addresses of which each recipient has one, by slot; `names`: those in the addresses of somebody.

        None where an address would not be written as it is.
        """
        asked = [slot for slot in (*self.text.slots, *self.html.slots) if slot[0] in self.asks or slot[0] == SUBJECT]
        places = {slot: -1 - number for number, slot in enumerate(dict.fromkeys(asked))}
        slots = (self.text.distinct | self.html.distinct) - places.keys()
        whole = {number: own[number].around(names[number]) for number, _encode in slots}
        if any(encode(whole[number]) != whole[number] for number, encode in slots):
            return None
        text, html = (WirePattern.of(pattern, places, own, names) for pattern in (self.text, self.html))
        asking = [
            Question(place, *slot, in_text=self.text.slots.count(slot), in_html=self.html.slots.count(slot))
            for slot, place in places.items()
        ]
        return WiredLetter(letter=self, text=text, html=html, asking=asking)


class OwnAddress(Protocol):
    """Addresses of which each recipient has one: they differ in a name, and those are alike in their letters and length."""

    before: bytes
    after: bytes

    def around(self, name: bytes) -> str: ...


@dataclass(frozen=True, kw_only=True)
class WirePattern:
    """A pattern in UTF-8 with CRLF line ends. In `places` stands what is written between the literals: the name of an address
    of the recipient's own under the number of its slot, an answer under one below 0.

    `longest_line`: with such addresses, and nothing where the recipient is asked. `has_no_dots`: no line of it begins with
    one as long as each answer begins and ends in the middle of a line.
    """

    literals: tuple[bytes, ...]
    places: tuple[int, ...]
    longest_line: int
    has_no_dots: bool
    is_ascii: bool  # but for the answers

    @classmethod
    def of(cls, pattern: Pattern, asked: Mapping[Slot, int], own: Mapping[int, OwnAddress], names: Mapping[int, bytes]) -> Self:
        literals = [_wired(clean_text(literal)) for literal in pattern.literals]
        has_dots = literals[0].startswith(b".") or any(b"\r\n." in literal for literal in literals)
        for number, slot in enumerate(pattern.slots):
            if slot not in asked:  # what all its addresses have in common is the literals'
                literals[number] += own[slot[0]].before
                literals[number + 1] = own[slot[0]].after + literals[number + 1]
        specimen = b"".join(_woven(_loom(literals), [b"" if slot in asked else names[slot[0]] for slot in pattern.slots]))
        return cls(
            literals=tuple(literals),
            places=tuple(asked.get(slot, slot[0]) for slot in pattern.slots),
            longest_line=max(map(len, specimen.split(b"\r\n"))),
            has_no_dots=not has_dots,
            is_ascii=specimen.isascii(),
        )

    @cached_property
    def loom(self) -> list[bytes]:
        return _loom(self.literals)

    @cached_property
    def pick(self) -> Callable[[Mapping[int, bytes]], Sequence[bytes]]:
        """Gives what stands in the places, in their order."""
        if len(self.places) > 1:
            return itemgetter(*self.places)
        return lambda values: [values[place] for place in self.places]

    def fill(self, values: Mapping[int, bytes], *, is_ascii: bool) -> Octets:
        return Octets(pieces=_woven(self.loom, self.pick(values)), is_ascii=is_ascii)


class Question(NamedTuple):
    """What is asked in one place or several, which answer that is, how it is encoded, and how often it stands in either text."""

    place: int
    number: int
    encode: Encoder
    in_text: int
    in_html: int


@dataclass(frozen=True, kw_only=True)
class WiredLetter:
    letter: Letter
    text: WirePattern
    html: WirePattern
    asking: Sequence[Question]

    def to(self, reader: Reader | None, names: Mapping[int, bytes]) -> tuple[str, Wire]:
        """Subject and texts for one recipient; `names`: those in their own addresses, by slot."""
        answers, values = self.letter.answers(reader), dict(names)
        text_more, html_more, has_no_dots = 0, 0, self.has_no_dots
        text_is_ascii, html_is_ascii = self.text.is_ascii, self.html.is_ascii
        for place, number, encode, in_text, in_html in self.asking:
            answer = encode(answers[number])
            has_lines = "\n" in answer
            value = values[place] = _wired(answer) if has_lines else answer.encode()
            text_more += in_text * len(value)
            html_more += in_html * len(value)
            # An empty one may leave a dot first that stands behind it; one of several lines may have one anywhere.
            if has_lines or value[:1] in _PERHAPS_FIRST:
                has_no_dots = False
            if not value.isascii():
                text_is_ascii, html_is_ascii = text_is_ascii and not in_text, html_is_ascii and not in_html
        longest = max(self.text.longest_line + text_more, self.html.longest_line + html_more)
        text, html = self.text.fill(values, is_ascii=text_is_ascii), self.html.fill(values, is_ascii=html_is_ascii)
        return answers[SUBJECT], Wire(text=text, html=html, longest_line=longest, has_no_dots=has_no_dots)

    @cached_property
    def has_no_dots(self) -> bool:
        return self.text.has_no_dots and self.html.has_no_dots


def _wired(text: str) -> bytes:
    return text.replace("\n", "\r\n").encode()


def _loom(literals: Collection[bytes]) -> list[bytes]:
    """The literals, with an empty place between each two."""
    return [part for literal in literals for part in (b"", literal)][1:]


def _woven(loom: list[bytes], values: Sequence[bytes]) -> list[bytes]:
    parts = loom.copy()
    parts[1::2] = values
    return parts
