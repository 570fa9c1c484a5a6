"""Secrets at rest: JSON values encrypted and authenticated with a key drawn from SECRET_KEY.

What was sealed under an earlier key stays readable as long as that key stands in SECRET_KEY_FALLBACKS; sealing again
moves it to the present one.
"""

import base64
import json
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

PURPOSE = b"preavis.sealing.v1"  # another purpose would get another key out of the same SECRET_KEY


class Unsealable(Exception):
    """The text was not sealed by this installation, or its SECRET_KEY is no longer among ours."""


def seal(value: Any) -> str:
    """Printable text that only `unseal` can read; an empty value becomes the empty text."""
    return _fernet().encrypt(json.dumps(value, separators=(",", ":")).encode()).decode() if value else ""


def unseal(text: str) -> Any:
    """What was sealed; an empty mapping for the empty text."""
    if not text:
        return {}
    try:
        return json.loads(_fernet().decrypt(text.encode()))
    except InvalidToken:
        raise Unsealable("Sealed with another SECRET_KEY, or altered since.") from None


def _fernet() -> MultiFernet:
    return _fernet_of((settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS))


@lru_cache(maxsize=4)
def _fernet_of(secret_keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(_derived(key)) for key in secret_keys])


def _derived(secret_key: str) -> bytes:
    derivation = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=PURPOSE)
    return base64.urlsafe_b64encode(derivation.derive(secret_key.encode()))
