"""The headers that every e-mail of ours carries."""

from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache
from urllib.parse import urlsplit

from django.conf import settings


def site_domain() -> str:
    """What stands behind the @ in Message-IDs."""
    return urlsplit(settings.SITE_URL).hostname or "localhost"


def mail_headers(*, message_id: str, thread: str, date: datetime, language: str) -> dict[str, str]:
    """Message-ID and Date are to be the same at every attempt, so that a repeat is recognised as one. All messages of a
    `thread` answer a message that never was, and so stand together."""
    return {
        "Message-ID": message_id,
        "Date": _date(date),
        "In-Reply-To": thread,
        "References": thread,
        "Content-Language": language,
        "Auto-Submitted": "auto-generated",  # RFC 3834: no automatic answers, please
        "X-Auto-Response-Suppress": "OOF, AutoReply",  # the same for Exchange
    }


_date = lru_cache(maxsize=64)(format_datetime)  # that of a batch is on each of its messages
