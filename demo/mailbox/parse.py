"""Reading messages as they come: a broken or hostile one must still be shown, never break the page."""

import email
import email.policy
from dataclasses import dataclass
from email.message import Message


@dataclass(frozen=True, kw_only=True)
class Parsed:
    headers: list[tuple[str, str]]
    text: str
    html: str  # empty: the message has none


def parse(raw: bytes) -> Parsed:
    try:
        message = email.message_from_bytes(raw, policy=email.policy.default)
        return Parsed(headers=_headers(message), text=_body(message, "plain"), html=_body(message, "html"))
    except Exception:  # e.g. parts nested a thousand deep: the source is still worth reading
        return Parsed(headers=[], text=raw.decode("utf-8", errors="replace"), html="")


def subject(raw: bytes) -> str:
    head = raw.partition(b"\r\n\r\n")[0]
    return next((value for name, value in parse(head).headers if name.lower() == "subject"), "")


def _headers(message: Message) -> list[tuple[str, str]]:
    found = []
    for name, source in message.raw_items():
        try:
            value = str(message.policy.header_fetch_parse(name, source))
        except Exception:  # the standard library's parser raises nearly anything on malformed headers
            value = str(source)
        found.append((name, " ".join(value.split())))
    return found


def _body(message: Message, kind: str) -> str:
    for part in message.walk():
        attached = "attachment" in str(part.get("Content-Disposition", "")).lower()
        if part.get_content_type() == f"text/{kind}" and not attached:
            return _decoded(part)
    return ""


def _decoded(part: Message) -> str:
    payload = part.get_payload(decode=True)
    content = payload if isinstance(payload, bytes) else b""
    try:
        return content.decode(part.get_content_charset() or "utf-8", errors="replace")
    except (LookupError, ValueError):
        return content.decode("utf-8", errors="replace")
