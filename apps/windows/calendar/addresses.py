"""E-mail addresses as calendars write them: `mailto:` and only what an address on the web may hold (RFC 6068). Pure."""

import re
from urllib.parse import quote, unquote

SCHEME = "mailto:"
_AS_IT_IS = "@!$'*+-._~"
_PLAIN = re.compile(r"[\w!$'*+.~-]+@(?:[a-zA-Z0-9-]{1,63}\.)*[a-zA-Z0-9-]{1,63}", re.ASCII)  # as most addresses are


def calendar_address(address: str) -> str:
    """ASCII whatever the address holds: the domain as name servers know it, the rest escaped."""
    if _PLAIN.fullmatch(address):
        return SCHEME + address
    local, _at, domain = address.rpartition("@")
    return f"{SCHEME}{quote(local, safe=_AS_IT_IS)}@{quote(_domain_in_ascii(domain), safe=_AS_IT_IS)}"


def plain_address(text: str) -> str:
    """The address behind a calendar's, in small letters, its domain in ASCII: equal for equal mailboxes. Nothing where
    there is none."""
    text = text.strip()
    if text[: len(SCHEME)].lower() == SCHEME:
        text = unquote(text[len(SCHEME) :])
    local, at, domain = text.partition("?")[0].strip().rpartition("@")
    return f"{local}@{_domain_in_ascii(domain)}".lower() if at and local and domain else ""


def spellings(address: str) -> set[str]:
    """A plain address as somebody may have entered it, in small letters: its domain in ASCII, or in its own letters."""
    local, _at, domain = address.rpartition("@")
    try:
        return {address, f"{local}@{domain.encode('ascii').decode('idna')}".lower()}
    except UnicodeError:
        return {address}


def _domain_in_ascii(domain: str) -> str:
    try:
        return domain.encode("idna").decode("ascii")
    except UnicodeError:
        return domain
