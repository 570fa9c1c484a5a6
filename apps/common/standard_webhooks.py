"""Standard Webhooks 1.0, symmetric form: https://www.standardwebhooks.com

A call is signed over id, time and body, so that neither can be exchanged; the receiver takes each id once.
"""

import base64
import binascii
import hashlib
import hmac
import secrets as random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

PREFIX = "whsec_"
KEY_BYTES = range(24, 65)  # what the standard asks of a secret
TOLERANCE = timedelta(minutes=5)


class BadSecret(ValueError):
    """Not “whsec_” followed by 24 to 64 bytes in base64."""


class BadSignature(Exception):
    """The call is not one that a holder of the secret made just now; the text says why, for the caller's log."""


def new_secret() -> str:
    return PREFIX + base64.b64encode(random.token_bytes(32)).decode()


def check_secret(secret: str) -> None:
    """Raises BadSecret unless `secret` can sign."""
    _key(secret)


def sign(secret: str, *, message_id: str, at: datetime, body: bytes, also: Sequence[str] = ()) -> dict[str, str]:
    """The three headers of a call; `also` holds further secrets to sign with while receivers change over."""
    timestamp = str(int(at.timestamp()))
    signatures = [_signature(_key(each), message_id, timestamp, body) for each in (secret, *also)]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }


def verify(
    secrets: Sequence[str],
    *,
    headers: Mapping[str, str],
    body: bytes,
    now: datetime,
    tolerance: timedelta = TOLERANCE,
) -> str:
    """The id of a call signed with any of `secrets` within `tolerance` of `now`; raises BadSignature otherwise."""
    lowered = {name.lower(): value for name, value in headers.items()}
    message_id, timestamp, given = (_header(lowered, name) for name in ("id", "timestamp", "signature"))
    _check_fresh(timestamp, now=now, tolerance=tolerance)
    signatures = [text.removeprefix("v1,") for text in given.split() if text.startswith("v1,")]
    expected = [_signature(_key(secret), message_id, timestamp, body) for secret in secrets]
    # Every pair is compared, in constant time: nothing tells a forger how near a guess came.
    matches = [hmac.compare_digest(one.encode(), other.encode()) for one in expected for other in signatures]
    if not any(matches):
        raise BadSignature("No signature of version 1 matches the body.")
    return message_id


def _header(headers: Mapping[str, str], name: str) -> str:
    value = headers.get(f"webhook-{name}", "").strip()
    if not value:
        raise BadSignature(f"The header webhook-{name} is missing.")
    return value


def _check_fresh(timestamp: str, *, now: datetime, tolerance: timedelta) -> None:
    try:
        sent_at = datetime.fromtimestamp(int(timestamp), tz=UTC)
    except (ValueError, OverflowError, OSError):
        raise BadSignature("The header webhook-timestamp is not a number of seconds since 1970.") from None
    if abs(now - sent_at) > tolerance:
        raise BadSignature("The header webhook-timestamp is too far from now: an old call, or a wrong clock.")


def _signature(key: bytes, message_id: str, timestamp: str, body: bytes) -> str:
    signed = f"{message_id}.{timestamp}.".encode() + body
    return base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise BadSecret("A signing secret is “whsec_” followed by base64.") from None
    if len(key) not in KEY_BYTES:
        raise BadSecret("A signing secret holds 24 to 64 bytes.")
    return key
