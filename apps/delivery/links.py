"""Addresses in messages that lead back here: open pixel, clicks, unsubscribing. Targets of clicks are rows, never text."""

import html
import re
from collections.abc import Callable, Collection, Iterator
from functools import cache
from uuid import UUID

from django.conf import settings

from apps.campaigns.content import FIRST_LINK, NOTICE, UNSUBSCRIBE, Encoder, Pattern
from apps.common.public_addresses import public_path
from apps.common.tokens import Purpose, Signer

from .models import Link

MOST_LINKS = 255  # of one touchpoint: a signed name has one byte for the number
LONGEST_URL = 1000
_HREF = re.compile(r'(<a\b[^>]*?\bhref=")(https?://[^"]+)(")', re.IGNORECASE)
_UNFINISHED = re.compile(r"<a\b[^>]*$", re.IGNORECASE)


class Address:
    """The addresses of one purpose, one for each delivery (and link)."""

    def __init__(self, name: str, purpose: Purpose) -> None:
        self.before, self.after = (part.encode() for part in _around(name, settings.SITE_URL))
        self.signer = Signer(purpose)

    def __call__(self, token: UUID, number: int = 0) -> str:
        return self.around(self.signer.raw(token.bytes, number))

    def around(self, name: bytes) -> str:
        return (self.before + name + self.after).decode()


def open_urls() -> Address:
    return Address("tracking:open", Purpose.OPEN)


def click_urls() -> Address:
    return Address("tracking:click", Purpose.CLICK)


def unsubscribe_urls() -> Address:
    return Address("tracking:unsubscribe", Purpose.UNSUBSCRIBE)


def rewrite_links(document: str, *, number_of: Callable[[str], int | None], token: UUID, keep: Collection[str]) -> str:
    """The HTML with each web link, but for those in `keep`, led through the click address of its number."""
    click_url = click_urls()

    def replace(found: re.Match[str]) -> str:
        url = html.unescape(found[2])
        number = None if url in keep else number_of(url)
        return found[0] if number is None else f"{found[1]}{html.escape(click_url(token, number))}{found[3]}"

    return _HREF.sub(replace, document)


def lead_links(pattern: Pattern, *, number_of: Callable[[str], int | None]) -> Pattern | None:
    """What `rewrite_links` does, for all recipients at once: a slot, FIRST_LINK and its number, in place of each web link.

    None where a recipient has a link that is not everybody's. Each one's own addresses of the notice page and for
    unsubscribing stay as they are.
    """
    literals = [""]
    slots: list[tuple[int, Encoder]] = []
    for place, literal in enumerate(pattern.literals):
        for text, opening, url in _links_in(literal):
            number = number_of(url) if url else None
            if number is None:
                literals[-1] += text
            else:
                literals[-1] += opening
                slots.append((FIRST_LINK + number, _escaped))
                literals.append(text[-1])
        if place < len(pattern.slots):
            if _UNFINISHED.search(literal) and not _is_own_address(pattern, place):
                return None
            slots.append(pattern.slots[place])
            literals.append("")
    return Pattern(literals=tuple(literals), slots=tuple(slots))


def _escaped(address: str) -> str:
    return html.escape(address)


def _links_in(literal: str) -> Iterator[tuple[str, str, str]]:
    """The pieces of a text: each as it is, and for a link what precedes its address, and the address."""
    end = 0
    for found in _HREF.finditer(literal):
        yield literal[end : found.start()], "", ""
        yield found[0], found[1], html.unescape(found[2])
        end = found.end()
    yield literal[end:], "", ""


def _is_own_address(pattern: Pattern, place: int) -> bool:
    """Whether the slot is the whole address of a link, and one of those that stay."""
    before, after = pattern.literals[place], pattern.literals[place + 1]
    return pattern.slots[place][0] in (NOTICE, UNSUBSCRIBE) and before.endswith('href="') and after.startswith('"')


class LinkBook:
    """The numbers of a touchpoint's links. A link met for the first time is written down before any message names it."""

    def __init__(self, touchpoint_id: int) -> None:
        self.touchpoint_id = touchpoint_id
        self._numbers = self._read()

    def number_of(self, url: str) -> int | None:
        """The link's number; None where it cannot have one, and stays as it is."""
        while url not in self._numbers and len(self._numbers) < MOST_LINKS and len(url) <= LONGEST_URL:
            self._add(url)
        return self._numbers.get(url)

    def _add(self, url: str) -> None:
        """Another worker may add links at the same time: a conflict adds nothing, and the next look sees both."""
        link = Link(touchpoint_id=self.touchpoint_id, number=max(self._numbers.values(), default=0) + 1, url=url)
        Link.objects.bulk_create([link], ignore_conflicts=True)
        self._numbers = self._read()

    def _read(self) -> dict[str, int]:
        return dict(Link.objects.filter(touchpoint=self.touchpoint_id).values_list("url", "number"))


@cache
def _around(name: str, site_url: str) -> tuple[str, str]:
    before, _signed, after = f"{site_url}{public_path(name, 'SIGNED')}".partition("SIGNED")
    return before, after
