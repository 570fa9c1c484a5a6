"""E-mails of a batch for a transport that takes them as bytes, or merges them: what recipients share is written once."""

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple
from uuid import UUID

from apps.campaigns.content import (
    FIRST_LINK,
    NOTICE,
    PIXEL,
    UNSUBSCRIBE,
    Compiled,
    Letter,
    MergedLetter,
    WiredLetter,
)
from apps.channels.merging import Merge
from apps.channels.messages import Wire
from apps.common.tokens import SignerOfAll

from . import links
from .waiting import WaitingRow


class OwnAddresses:
    """What stands in the slots of a letter that hold addresses: for each recipient another, by a signed name in it."""

    def __init__(self, asked: Mapping[int, tuple[links.Address, int]]) -> None:
        """`asked`: the address and its number, by slot."""
        self.by_slot = {slot: address for slot, (address, _number) in asked.items()}
        self._sign = SignerOfAll([(address.signer, number) for address, number in asked.values()])

    def names(self, token: UUID) -> dict[int, bytes]:
        return dict(zip(self.by_slot, self._sign(token.bytes), strict=True))


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
        self._unsubscribe = links.unsubscribe_urls()
        self._own = {PIXEL: (links.open_urls(), 0), UNSUBSCRIBE: (self._unsubscribe, 0)}
        self._letters: dict[tuple[int, bool, bool], tuple[WiredLetter | MergedLetter, OwnAddresses] | None] = {}

    def write(self, row: WaitingRow, compiled: Compiled, *, has_unsubscribe: bool) -> Written | None:
        """None where this template has to be rendered for each recipient."""
        is_internal = row.contact is not None and row.contact.is_internal
        key = (id(compiled), is_internal, has_unsubscribe)  # the material of the batch keeps what it has compiled
        if key not in self._letters:
            self._letters[key] = self._cut(row, compiled, is_internal=is_internal, has_unsubscribe=has_unsubscribe)
        cut = self._letters[key]
        if cut is None:
            return None
        letter, own = cut
        names = own.names(row.token)
        subject, texts = letter.to(row.contact, names)
        return Written(subject, texts, self._unsubscribe.around(names[UNSUBSCRIBE]) if has_unsubscribe else "")

    def _cut(
        self, row: WaitingRow, compiled: Compiled, *, is_internal: bool, has_unsubscribe: bool
    ) -> tuple[WiredLetter | MergedLetter, OwnAddresses] | None:
        letter = compiled.letter(is_internal=is_internal, has_unsubscribe=has_unsubscribe)
        if letter is None:
            return None
        html = links.lead_links(letter.html, number_of=self._book.number_of)
        if html is None:
            return None
        letter = self._with_notice(replace(letter, html=html))
        own = OwnAddresses({slot: self._address(slot) for slot in letter.addresses})
        if self._as_forms:
            return MergedLetter.of(letter, own.by_slot), own
        wired = letter.wired(own.by_slot, own.names(row.token))
        return (wired, own) if wired else None

    def _with_notice(self, letter: Letter) -> Letter:
        """The address of the notice page is that of a link like others; where it has no number, everybody's is the same."""
        if NOTICE not in letter.addresses:
            return letter
        number = self._book.number_of(self._notice_url)
        if number is None:
            known = {NOTICE: self._notice_url}
            return replace(letter, text=letter.text.fill(known), html=letter.html.fill(known))
        numbers = {NOTICE: FIRST_LINK + number}
        return replace(letter, text=letter.text.renumbered(numbers), html=letter.html.renumbered(numbers))

    def _address(self, slot: int) -> tuple[links.Address, int]:
        return (self._click_urls, slot - FIRST_LINK) if slot >= FIRST_LINK else self._own[slot]
