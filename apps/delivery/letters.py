"""E-mails of a batch for a transport that takes them as bytes, or merges them: what recipients share is written once."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple
from uuid import UUID

from apps.campaigns.content import FIRST_LINK, NOTICE, PIXEL, UNSUBSCRIBE, Compiled, MergedLetter, WiredLetter
from apps.channels.merging import Merge
from apps.channels.messages import Wire

from . import links
from .waiting import WaitingRow


@dataclass(frozen=True, kw_only=True)
class Filling:
    """What stands in the slots of a letter that hold addresses: those of everybody, and those that each gets signed."""

    plain: dict[int, bytes]
    signed: Mapping[int, tuple[links.Address, int]]

    def of(self, token: UUID) -> Mapping[int, bytes]:
        return self.plain | dict(zip(self.signed, links.addresses_of(token.bytes, [*self.signed.values()]), strict=True))


class Written(NamedTuple):
    subject: str
    texts: Wire | Merge
    unsubscribe_url: str  # empty: nobody can leave


class LetterBox:
    """The letters of one touchpoint, by template, language, zone and kind of reader; each is cut when it is first asked for."""

    def __init__(self, book: links.LinkBook, *, notice_url: str, as_forms: bool = False) -> None:
        """`as_forms`: for a transport that merges, in place of one that takes bytes."""
        self._book, self._notice_url, self._as_forms = book, notice_url, as_forms
        self._click_urls = links.click_urls()
        self._own = {PIXEL: (links.open_urls(), 0), UNSUBSCRIBE: (links.unsubscribe_urls(), 0)}
        self._fillings: dict[frozenset[int], Filling] = {}
        self._letters: dict[tuple[int, bool, bool], WiredLetter | MergedLetter | None] = {}

    def write(self, row: WaitingRow, compiled: Compiled, *, has_unsubscribe: bool) -> Written | None:
        """None where this template has to be rendered for each recipient."""
        letter = self._letter(row, compiled, has_unsubscribe=has_unsubscribe)
        if letter is None:
            return None
        addresses = self._addresses(row.token, letter.letter.addresses)
        subject, texts = letter.to(row.contact, addresses)
        return Written(subject, texts, addresses[UNSUBSCRIBE].decode() if has_unsubscribe else "")

    def _letter(self, row: WaitingRow, compiled: Compiled, *, has_unsubscribe: bool) -> WiredLetter | MergedLetter | None:
        is_internal = row.contact is not None and row.contact.is_internal
        key = (id(compiled), is_internal, has_unsubscribe)  # the material of the batch keeps what it has compiled
        if key not in self._letters:
            self._letters[key] = self._cut(row, compiled, is_internal=is_internal, has_unsubscribe=has_unsubscribe)
        return self._letters[key]

    def _cut(
        self, row: WaitingRow, compiled: Compiled, *, is_internal: bool, has_unsubscribe: bool
    ) -> WiredLetter | MergedLetter | None:
        letter = compiled.letter(is_internal=is_internal, has_unsubscribe=has_unsubscribe)
        if letter is None:
            return None
        html = links.lead_links(letter.html, number_of=self._book.number_of)
        if html is None:
            return None
        letter = replace(letter, html=html)
        if self._as_forms:
            return MergedLetter.of(letter)
        return letter.wired(self._addresses(row.token, letter.addresses))

    def _addresses(self, token: UUID, slots: frozenset[int]) -> Mapping[int, bytes]:
        """What stands in the slots for one recipient."""
        if slots not in self._fillings:
            plain = self._plain(slots)
            self._fillings[slots] = Filling(plain=plain, signed={slot: self._address(slot) for slot in slots - plain.keys()})
        return self._fillings[slots].of(token)

    def _plain(self, slots: Collection[int]) -> dict[int, bytes]:
        """The notice page's, where it has no number: everybody's is the same then."""
        is_plain = NOTICE in slots and self._book.number_of(self._notice_url) is None
        return {NOTICE: self._notice_url.encode()} if is_plain else {}

    def _address(self, slot: int) -> tuple[links.Address, int]:
        if slot == NOTICE:
            return self._click_urls, self._book.number_of(self._notice_url) or 0
        return (self._click_urls, slot - FIRST_LINK) if slot >= FIRST_LINK else self._own[slot]
