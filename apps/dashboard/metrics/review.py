"""Everything the post-maintenance page shows of one campaign, in a fixed number of queries."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from apps.campaigns.models import Campaign

from ..stats import Rate
from .answers import Answers, answers
from .engagement import Engagement, Level, Told, engagement
from .failures import Failure, failures
from .funnel import Funnel, funnel
from .groups import GroupFigures, ticket_groups
from .schedule import Schedule, schedule_of
from .tickets import TicketReport, ticket_report
from .touchpoints import TouchpointFigures, touchpoint_figures


@dataclass(frozen=True, kw_only=True)
class Review:
    schedule: Schedule
    touchpoints: Sequence[TouchpointFigures]
    funnel: Funnel
    failures: Sequence[Failure]
    told: Told
    seen: Engagement
    tickets: TicketReport
    groups: Sequence[GroupFigures]
    answers: Answers

    @property
    def organisations_opened(self) -> Rate:
        return self._organisations(Level.OPENED)

    @property
    def organisations_clicked(self) -> Rate:
        return self._organisations(Level.CLICKED)

    def _organisations(self, level: Level) -> Rate:
        """Customer organisations in which at least one contact reached the level, of those told."""
        reached = self.seen.organisations.at_least(level)
        return Rate(count=reached, n=max(reached, self.told.organisations))


def review(campaign: Campaign, *, now: datetime, language: str) -> Review:
    """Needs `campaign.window`."""
    window = campaign.window
    figures = touchpoint_figures(campaign, language=language, with_lateness=True)
    ids = [row.id for row in figures]
    seen, failed = engagement(ids), failures(ids)
    schedule = schedule_of(window)
    return Review(
        schedule=schedule,
        touchpoints=figures,
        funnel=funnel(figures, seen, bounced=failed.bounced),
        failures=failed.rows,
        told=seen.told,
        seen=seen,
        tickets=ticket_report(window, now=now),
        groups=ticket_groups(
            campaign,
            told=seen.told,
            seen=seen.people,
            starts_at=window.actual_started_at or window.starts_at,
            ends_at=window.actual_ended_at or window.ends_at,
        ),
        answers=answers(campaign, ids, schedule),
    )
