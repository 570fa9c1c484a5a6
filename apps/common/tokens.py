"""Signed names for what strangers may call: a random row token, bound to one purpose and one number.

Nothing about a person stands in it, a forged one is refused without asking the database, and one made for a purpose
opens no other. Keys come from SECRET_KEY and, for what was signed earlier, SECRET_KEY_FALLBACKS.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
import uuid
from dataclasses import dataclass
from enum import StrEnum

from django.conf import settings

SIGNATURE_BYTES = 12  # 96 bits: far beyond guessing over HTTP, and a URL that fits on one line


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
        self._key = _purpose_key(settings.SECRET_KEY, purpose)

    def __call__(self, token: bytes, *, number: int = 0) -> str:
        """`token`: the bytes of the random token."""
        payload = token + bytes((number,))
        return _encode(payload + _digest(self._key, payload))


def unsign(purpose: Purpose, text: str) -> SignedName:
    """What `sign` was given; raises BadToken for anything else."""
    raw = _decode(text)
    payload, signature = raw[:-SIGNATURE_BYTES], raw[-SIGNATURE_BYTES:]
    if len(payload) != 17:
        raise BadToken(text)
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    if not any(hmac.compare_digest(signature, _signature(key, purpose, payload)) for key in keys):
        raise BadToken(text)
    return SignedName(token=uuid.UUID(bytes=payload[:16]), number=payload[16])


def random_token() -> str:
    """128 random bits as URL-safe text, for addresses that are themselves the secret."""
    return secrets.token_urlsafe(16)


def token_hash(token: str) -> str:
    """What is stored of such an address: SHA-256 in hex. Random tokens need neither salt nor slowness."""
    return hashlib.sha256(token.encode()).hexdigest()


def _signature(key: str, purpose: Purpose, payload: bytes) -> bytes:
    return _digest(_purpose_key(key, purpose), payload)


def _purpose_key(key: str, purpose: Purpose) -> bytes:
    return f"preavis.{purpose}:{key}".encode()


def _digest(key: bytes, payload: bytes) -> bytes:
    return hmac.digest(key, payload, "sha256")[:SIGNATURE_BYTES]


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    try:
        raw = base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except (binascii.Error, ValueError) as error:
        raise BadToken(text) from error
    if _encode(raw) != text:  # one spelling only: other spellings of the same bytes are forgeries
        raise BadToken(text)
    return raw
