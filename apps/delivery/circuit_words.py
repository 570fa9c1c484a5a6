"""What the engine has learned of a channel's provider, in sentences; times in the reader's zone."""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from apps.common.rates import rate_words
from apps.common.times import format_instant

from . import pacing
from .models import Circuit, CircuitState


class Finding(NamedTuple):
    text: str
    style: str


def findings(circuit: Circuit, *, now: datetime) -> Iterator[Finding]:
    """Nothing while the provider takes whatever the channel's pace allows."""
    if circuit.state != CircuitState.CLOSED:
        yield Finding(away_words(circuit), "bad")
        yield Finding(_probe_words(circuit, now), "info")
    elif circuit.not_before and circuit.not_before > now and circuit.slowed_by:
        at = {"until": _instant(circuit.not_before)}
        yield Finding(_("The provider asked for a pause: nothing leaves before %(until)s.") % at, "warn")
    rate = pacing.rate_now(circuit.channel.pace, circuit.slowdown, now)
    if rate is not None and rate != circuit.channel.pace:
        yield Finding(_slowed_words(circuit, rate), "warn")


def away_words(circuit: Circuit) -> str:
    """Since when, and in whose words."""
    assert circuit.failing_since is not None, "a circuit that is open says since when"
    return _("The provider of “%(channel)s” has been away since %(since)s: %(words)s") % {
        "channel": circuit.channel,
        "since": _instant(circuit.failing_since),
        "words": circuit.error,
    }


def _probe_words(circuit: Circuit, now: datetime) -> str:
    if circuit.state == CircuitState.HALF_OPEN:
        return _("One message is being tried just now; if it gets through, the others follow at once.")
    assert circuit.not_before is not None, "a circuit that is open says until when"
    if circuit.not_before <= now:
        return _("It is tried with one message as soon as one waits; if that gets through, the others follow at once.")
    at = {"time": f"{timezone.localtime(circuit.not_before):%H:%M:%S}"}
    return _("It is tried with one message again at %(time)s; if that gets through, the others follow at once.") % at


def _slowed_words(circuit: Circuit, rate: float) -> str:
    assert circuit.slowed_at is not None, "a circuit that is slowed says since when"
    return _("It goes at %(rate)s just now and recovers by itself: the provider pushed back on %(when)s and said: %(words)s") % {
        "rate": rate_words(rate),
        "when": _instant(circuit.slowed_at),
        "words": circuit.slowed_by,
    }


def _instant(instant: datetime) -> str:
    return format_instant(instant, zone=timezone.get_current_timezone_name(), language=get_language() or "en")
