"""E-mails of a batch for a transport that takes them as bytes, or merges them: what recipients share is written once."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from uuid import UUID

from apps.campaigns.content import FIRST_LINK, NOTICE, PIXEL, UNSUBSCRIBE, Compiled, MergedLetter, WiredLetter
from apps.channels.merging import Merge
from apps.channels.messages import Wire

from . import links
from .waiting import WaitingRow


class LetterBox:
    """The letters of one touchpoint, by template, language, zone and kind of reader; each is cut when it is first asked for."""

    def __init__(self, book: links.LinkBook, *, notice_url: str, as_forms: bool = False) -> None:
        """`as_forms`: for a transport that merges, in place of one that takes bytes."""
        self._book, self._notice_url, self._as_forms = book, notice_url, as_forms
        self._click_urls = links.click_urls()
        self._own: Mapping[int, Callable[[bytes], bytes]] = {
            NOTICE: self._notice,
            PIXEL: links.open_urls().of,
            UNSUBSCRIBE: links.unsubscribe_urls().of,
        }
        self._letters: dict[tuple[int, bool, bool], WiredLetter | MergedLetter | None] = {}

    def write(self, row: WaitingRow, compiled: Compiled, *, has_unsubscribe: bool) -> tuple[str, Wire | Merge] | None:
        """Subject and texts; None where this template has to be rendered for each recipient."""
        letter = self._letter(row, compiled, has_unsubscribe=has_unsubscribe)
        return None if letter is None else letter.to(row.contact, self._addresses(row.token, letter.letter.addresses))

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

    def _addresses(self, token: UUID, numbers: Collection[int]) -> Mapping[int, bytes]:
        raw, own, click = token.bytes, self._own, self._click_urls.of
        return {number: click(raw, number - FIRST_LINK) if number >= FIRST_LINK else own[number](raw) for number in numbers}

    def _notice(self, token: bytes) -> bytes:
        number = self._book.number_of(self._notice_url)
        return self._notice_url.encode() if number is None else self._click_urls.of(token, number)
