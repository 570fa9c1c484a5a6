"""Work that is taken as begun long before its planned start: it counts as running, and is spoken of, until its planned end."""

from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.formats import number_format
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from apps.common.times import format_duration

from .models import Anchor, Campaign
from .moments import instant_words
from .planner import PlannedTouchpoint
from .plans import campaign_plan

MINUTE = timedelta(minutes=1)
FEW = 3  # so many updates more than planned are nothing to speak of


@dataclass(frozen=True, kw_only=True)
class EarlyStart:
    """`updates`: moments at which something is said while the work runs; `planned`: those of a start as planned."""

    early_by: timedelta
    ends_at: datetime
    zone: str
    updates: int
    planned: int

    @property
    def is_a_flood(self) -> bool:
        return self.updates > max(2 * self.planned, self.planned + FEW)

    @property
    def sentence(self) -> str:
        early = format_duration(self.early_by // MINUTE * MINUTE, language=get_language() or "en")
        first = _(
            "The planned start is %(early)s away. Started now, the work counts as running until its planned end (%(end)s)."
        ) % {
            "early": early,
            "end": instant_words(self.ends_at, self.zone),
        }
        words = ngettext(
            "%(n)s update is planned for that time instead of %(planned)s.",
            "%(n)s updates are planned for that time instead of %(planned)s.",
            self.updates,
        )
        return f"{first} {words % {'n': number_format(self.updates), 'planned': number_format(self.planned)}}"


def early_start(campaign: Campaign, *, now: datetime) -> EarlyStart | None:
    """What starting at `now` would make of the updates, where that is far more than was planned."""
    begun = copy(campaign.window)
    begun.actual_started_at = now
    found = EarlyStart(
        early_by=begun.starts_at - now,
        ends_at=begun.ends_at,
        zone=begun.time_zone,
        updates=_updates(campaign_plan(campaign, begun, now=now)),
        planned=_updates(campaign_plan(campaign, campaign.window, now=now)),
    )
    return found if found.early_by >= MINUTE and found.is_a_flood else None


def _updates(rows: Iterable[PlannedTouchpoint]) -> int:
    leaving = [row for row in rows if row.step.anchor == Anchor.DURING and row.state != "skipped"]
    return len({(row.step.key, row.occurrence) for row in leaving})
