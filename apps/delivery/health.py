"""Whether the engine lives, judged by what it does: the age of the oldest due row, and when each part was last seen."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from apps.common.times import format_duration

from .circuit_words import away_words
from .direct import Cause
from .due import oldest_due_at
from .halts import halt_sentence
from .models import Batch, Circuit, Installation, Pulse
from .policy import Halt

LONGEST_SILENCE = timedelta(seconds=60)
LONGEST_WAIT = timedelta(seconds=60)
DIRECT_FOR = timedelta(seconds=20)  # after its last sign of it the clock no longer works itself


@dataclass(frozen=True, kw_only=True)
class Health:
    """`problems` are sentences for a person; none means that messages leave on time. `notices`: so they do, but oddly."""

    worker_seen_at: datetime | None
    beat_seen_at: datetime | None
    oldest_due_at: datetime | None
    problems: tuple[str, ...]
    halt: str = ""  # why the whole installation is halted; a problem too, but for a copy that is none on purpose
    notices: tuple[str, ...] = ()


def check(*, now: datetime) -> Health:
    """Three rounds to the database, four when something is late; raises what it raises when that is away."""
    seen = dict(Pulse.objects.values_list("name", "seen_at"))
    installation = Installation.objects.first()
    halt = halt_sentence(installation)
    worker, beat, oldest = seen.get("worker"), seen.get("beat"), None if halt else oldest_due_at(now)
    problems = [halt] if installation and halt and installation.halt != Halt.COPY else []
    if beat is None or now - beat > LONGEST_SILENCE:
        problems.append(_("The clock (celery beat) has not been seen for a minute: nothing leaves on time."))
    direct = _direct(seen, now)
    if not direct and (worker is None or now - worker > LONGEST_SILENCE):
        problems.append(_("No worker (celery worker) has been seen for a minute: nothing leaves."))
    if oldest is not None and now - oldest > LONGEST_WAIT:
        waited = format_duration(now - oldest, language=get_language() or "en")
        problems.append(_("Something has been due for %(duration)s and has not left.") % {"duration": waited})
    if oldest is not None:
        waiting = Batch.objects.overdue(now).free().values("channel")
        missed = Circuit.objects.missed(waiting).select_related("channel").order_by("channel__name")
        problems += [away_words(circuit) for circuit in missed]
    return Health(
        worker_seen_at=worker,
        beat_seen_at=beat,
        oldest_due_at=oldest,
        problems=tuple(problems),
        halt=halt,
        notices=tuple(direct),
    )


def _direct(seen: Mapping[str, datetime], now: datetime) -> list[str]:
    """How messages leave, where that is not by the workers."""
    if _is_fresh(seen.get(Cause.AWAY), now):
        return [_("Redis is away: messages leave directly, from the clock. Opens and clicks are counted when it is back.")]
    if _is_fresh(seen.get(Cause.UNHEARD), now):
        return [_("No worker (celery worker) hears the clock: messages leave directly, from the clock.")]
    return []


def _is_fresh(seen_at: datetime | None, now: datetime) -> bool:
    return seen_at is not None and now - seen_at <= DIRECT_FOR
