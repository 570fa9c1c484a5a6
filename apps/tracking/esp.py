"""The mail providers' words in ours, by table. Reads and writes nothing.

django-anymail has already made one vocabulary out of thirteen providers'; what it leaves open is decided here: whether
a bounce is for good, and whether the provider takes an open for a machine's.
"""

import hashlib
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from apps.common.text import clean_text

from .models import EventType

Payload = Mapping[str, Any]

# anymail's word → ours. What is missing here (queued, sent, subscribed, …) tells nothing that the ledger does not know.
TYPES: Mapping[str, EventType] = {
    "delivered": EventType.DELIVERED,
    "deferred": EventType.DEFERRED,
    "bounced": EventType.BOUNCED,
    "rejected": EventType.REJECTED,
    "failed": EventType.FAILED,
    "opened": EventType.OPENED,
    "clicked": EventType.CLICKED,
    "complained": EventType.COMPLAINED,
    "unsubscribed": EventType.UNSUBSCRIBED,
    "autoresponded": EventType.AUTORESPONDED,
    "unknown": EventType.UNKNOWN,
}

STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")  # RFC 3463


class Bounce(StrEnum):
    HARD = "hard"  # the address will never work
    SOFT = "soft"  # it may work another time
    POLICY = "policy"  # the receiving side refused us rather than the address


# The provider's own class of a bounce; where it says nothing the enhanced status code decides.
SES_BOUNCES = {"Permanent": None, "Transient": Bounce.SOFT, "Undetermined": Bounce.SOFT}
POSTMARK_BOUNCES = {
    "HardBounce": None,
    "BadEmailAddress": Bounce.HARD,
    "SoftBounce": Bounce.SOFT,
    "VirusNotification": Bounce.POLICY,
    "Blocked": Bounce.POLICY,
    "DMARCPolicy": Bounce.POLICY,
}
BREVO_BOUNCES = {"hard_bounce": None, "invalid_email": Bounce.HARD, "soft_bounce": Bounce.SOFT, "blocked": Bounce.POLICY}
SENDGRID_BOUNCES = {"bounce": None, "blocked": Bounce.SOFT}
MAILGUN_BOUNCES = {"permanent": None, "temporary": Bounce.SOFT}


def _ses_class(raw: Payload) -> Bounce | None:
    return SES_BOUNCES.get(_text(raw, "bounce", "bounceType"))


def _postmark_class(raw: Payload) -> Bounce | None:
    return POSTMARK_BOUNCES.get(_text(raw, "Type"))


def _brevo_class(raw: Payload) -> Bounce | None:
    return BREVO_BOUNCES.get(_text(raw, "event"))


def _sendgrid_class(raw: Payload) -> Bounce | None:
    return SENDGRID_BOUNCES.get(_text(raw, "type"))


def _mailgun_class(raw: Payload) -> Bounce | None:
    return MAILGUN_BOUNCES.get(_text(raw, "event-data", "severity"))


BOUNCE_CLASSES: Mapping[str, Callable[[Payload], Bounce | None]] = {
    "Amazon SES": _ses_class,
    "Postmark": _postmark_class,
    "Brevo": _brevo_class,
    "SendGrid": _sendgrid_class,
    "Mailgun": _mailgun_class,
}


def _provider_class(provider: str, raw: Payload) -> Bounce | None:
    read = BOUNCE_CLASSES.get(provider)
    return read(raw) if read else None


def key_of(provider: str, payload: Payload) -> str:
    """The same for every repeat of a report, different for different ones.

    Mailgun signs only a token, not the report: the token alone is the key, so that each signature works once.
    """
    names = (
        ("event_id",)
        if provider == "Mailgun" and payload["event_id"]
        else ("type", "event_id", "message_id", "recipient", "at", "url")
    )
    parts = [provider, *(str(payload[name]) for name in names)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def payload_of(event: Any) -> dict[str, Any]:
    """What is kept of an AnymailTrackingEvent: JSON, with the provider's own words where they are JSON too."""
    raw = event.esp_event if type(event.esp_event) is dict else {}
    payload = {
        "type": event.event_type or "",
        "at": event.timestamp.isoformat() if event.timestamp else "",
        "event_id": event.event_id or "",
        "message_id": event.message_id or "",
        "recipient": event.recipient or "",
        "metadata": {str(name): str(value) for name, value in dict(event.metadata or {}).items()},
        "reject_reason": event.reject_reason or "",
        "description": event.description or "",
        "response": event.mta_response or "",
        "user_agent": event.user_agent or "",
        "url": event.click_url or "",
        "raw": raw,
    }
    return {name: _storable(value) for name, value in payload.items()}


def _storable(value: Any) -> Any:
    """Without the control characters that PostgreSQL refuses to keep."""
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, Mapping):
        return {clean_text(str(name)): _storable(item) for name, item in value.items()}
    return [_storable(item) for item in value] if isinstance(value, list | tuple) else value


def happened_at(payload: Payload, *, otherwise: datetime) -> datetime:
    """The event's own time, never later than the moment we heard of it."""
    try:
        at = datetime.fromisoformat(payload["at"])
    except ValueError:
        return otherwise
    return min(at, otherwise) if at.tzinfo else otherwise


def bounce_of(provider: str, payload: Payload) -> Bounce:
    """How final a bounce is. In doubt it is soft: an address wrongly given up would never hear of a window again."""
    own = _provider_class(provider, payload["raw"])
    if own is not None:
        return own
    status = STATUS.search(f"{payload['response']} {payload['description']}")
    if status is None:
        return Bounce.HARD if payload["reject_reason"] in ("bounced", "invalid") else Bounce.SOFT
    group, subject, detail = (int(part) for part in status.groups())
    if group != 5 or (subject, detail) == (2, 2):  # 5.2.2: the mailbox is full, which passes
        return Bounce.SOFT
    return Bounce.POLICY if subject == 7 else Bounce.HARD


def is_machine(provider: str, payload: Payload) -> bool:
    """Whether the provider itself takes this open or click for a machine's."""
    raw = payload["raw"]
    flags: Mapping[str, Callable[[], object]] = {
        "SendGrid": lambda: raw.get("sg_machine_open"),
        "Mailgun": lambda: _text(raw, "event-data", "client-info", "bot"),
        "Brevo": lambda: _text(raw, "event") in ("proxy_open", "unique_proxy_open"),
    }
    return bool(flags.get(provider, lambda: False)())


def _text(raw: Payload, *path: str) -> str:
    """The text at `path`, empty when a part is missing or no text."""
    value: Any = raw
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value if isinstance(value, str) else ""
