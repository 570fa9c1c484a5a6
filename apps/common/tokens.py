"""Signed names for what strangers may call: a random row token, bound to one purpose and one number.

Nothing about a person stands in it, a forged one is refused without asking the database, and one made for a purpose
opens no other. Keys come from SECRET_KEY and, for what was signed earlier, SECRET_KEY_FALLBACKS.

The signature is a keyed BLAKE2b (RFC 7693), which is a MAC by design and takes a fifth of the time of HMAC with SHA-256:
a message bears half a dozen. Names that were signed with the latter are still known, since mails are read for years.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from django.conf import settings

SIGNATURE_BYTES = 12  # 96 bits: far beyond guessing over HTTP, and a URL that fits on one line
NAME_LENGTH = 39  # of 29 bytes in base64; one more would fill the last group of three


class Purpose(StrEnum):
    OPEN = "open"
    CLICK = "click"
    UNSUBSCRIBE = "unsubscribe"


@dataclass(frozen=True, kw_only=True)
class SignedName:
    token: uuid.UUID
    number: int


class BadToken(Exception):
    """The text is not one that `sign` made for this purpose."""


def sign(purpose: Purpose, token: uuid.UUID, *, number: int = 0) -> str:
    """URL-safe text of about 40 characters; `number` (0–255) tells apart e.g. the links of one message."""
    return Signer(purpose)(token.bytes, number=number)


class Signer:
    """`sign` for one purpose, many times over: a batch signs a thousand names."""

    def __init__(self, purpose: Purpose) -> None:
        self.keyed = _keyed(_mac_key(settings.SECRET_KEY, purpose))  # a copy goes on from where the key has been taken in

    def __call__(self, token: bytes, *, number: int = 0) -> str:
        """`token`: the bytes of the random token."""
        return self.raw(token, number).decode()

    def raw(self, token: bytes, number: int = 0) -> bytes:
        """The same in ASCII."""
        payload, mac = token + _BYTES[number], self.keyed.copy()
        mac.update(payload)
        return _encode(payload + mac.digest())


class SignerOfAll:
    """What `raw` of several signers gives, each for its number: a message has half a dozen names, and is encoded once."""

    def __init__(self, names: Sequence[tuple[Signer, int]]) -> None:
        self._names = [(signer.keyed, _BYTES[number]) for signer, number in names]

    def __call__(self, token: bytes) -> list[bytes]:
        """In the order in which they were asked for."""
        parts: list[bytes] = []
        for keyed, number in self._names:
            payload, mac = token + number, keyed.copy()
            mac.update(payload)
            parts += payload, mac.digest(), _FILLING
        text = _url_safe(b"".join(parts))
        return [text[at : at + NAME_LENGTH] for at in range(0, len(text), NAME_LENGTH + 1)]


def unsign(purpose: Purpose, text: str) -> SignedName:
    """What `sign` was given; raises BadToken for anything else."""
    raw = _decode(text)
    payload, signature = raw[:-SIGNATURE_BYTES], raw[-SIGNATURE_BYTES:]
    if len(payload) != 17:
        raise BadToken(text)
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    if not any(_has_signed(signature, key, purpose, payload) for key in keys):
        raise BadToken(text)
    return SignedName(token=uuid.UUID(bytes=payload[:16]), number=payload[16])


def random_token() -> str:
    """128 random bits as URL-safe text, for addresses that are themselves the secret."""
    return secrets.token_urlsafe(16)


def token_hash(token: str) -> str:
    """What is stored of such an address: SHA-256 in hex. Random tokens need neither salt nor slowness."""
    return hashlib.sha256(token.encode()).hexdigest()


def _has_signed(signature: bytes, key: str, purpose: Purpose, payload: bytes) -> bool:
    known = (_mac(_mac_key(key, purpose), payload), _hmac(key, purpose, payload))
    return any(hmac.compare_digest(signature, one) for one in known)


def _mac(key: bytes, payload: bytes) -> bytes:
    mac = _keyed(key)
    mac.update(payload)
    return mac.digest()


def _keyed(key: bytes) -> "hashlib.blake2b":
    return hashlib.blake2b(digest_size=SIGNATURE_BYTES, key=key)


@cache
def _mac_key(key: str, purpose: Purpose) -> bytes:
    """Of the length that BLAKE2b takes."""
    return hashlib.blake2b(f"preavis.{purpose}:{key}".encode()).digest()


def _hmac(key: str, purpose: Purpose, payload: bytes) -> bytes:
    return hmac.digest(f"preavis.{purpose}:{key}".encode(), payload, "sha256")[:SIGNATURE_BYTES]


_BYTES = tuple(bytes((number,)) for number in range(256))
_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_FILLING = b"\0"


def _encode(raw: bytes) -> bytes:
    return _url_safe(raw).rstrip(b"=")


def _url_safe(raw: bytes) -> bytes:
    return binascii.b2a_base64(raw, newline=False).translate(_URL_SAFE)


def _decode(text: str) -> bytes:
    try:
        raw = base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except (binascii.Error, ValueError) as error:
        raise BadToken(text) from error
    if _encode(raw).decode() != text:  # one spelling only: other spellings of the same bytes are forgeries
        raise BadToken(text)
    return raw
