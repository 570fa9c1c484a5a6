"""What an HTTP answer means for a message: 4xx was not taken, 5xx may have been (docs/channels.md)."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from django.utils.translation import gettext as _

from .messages import Phase, TransportError

LONGEST_WAIT = timedelta(days=1)  # nobody's maintenance notice waits longer; also guards against absurd numbers

_TRY_AGAIN = {408, 425, 429}
_NOT_SIGNED_IN = {401, 407}  # about our account, whatever the message: a person can mend it
_GATEWAY_DOWN = {502, 503, 504}  # the provider as a whole; the messages behind are spared the same doubt


def refusal(status: int, *, text: str, headers: Mapping[str, str]) -> TransportError:
    """For any status outside 2xx. `text` is the provider's own explanation, `headers` have case-insensitive names."""
    in_doubt = status >= 500
    return TransportError(
        _("The provider answered %(status)s: %(text)s") % {"status": status, "text": text or "–"},
        permanent=not in_doubt and status not in _TRY_AGAIN | _NOT_SIGNED_IN,
        phase=Phase.AFTER if in_doubt else Phase.BEFORE,
        retry_after=retry_after(headers),
        code=str(status),
        channel_down=status == 429 or status in _NOT_SIGNED_IN | _GATEWAY_DOWN,
    )


def retry_after(headers: Mapping[str, str]) -> timedelta | None:
    """The header's seconds, or the span to its date by the provider's own clock where it tells it."""
    raw = headers.get("Retry-After", "").strip()
    if not raw:
        return None
    try:
        wait = timedelta(seconds=int(raw)) if raw.isdigit() else _date(raw) - _provider_clock(headers)
    except OverflowError:
        return LONGEST_WAIT
    except ValueError:
        return None
    return min(max(wait, timedelta()), LONGEST_WAIT)


def _provider_clock(headers: Mapping[str, str]) -> datetime:
    try:
        return _date(headers.get("Date", ""))
    except ValueError:
        return datetime.now(UTC)


def _date(raw: str) -> datetime:
    moment = parsedate_to_datetime(raw)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
