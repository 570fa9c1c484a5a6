"""The rehearsals of a campaign, for the page of its window, which knows nothing of sending."""

from dataclasses import dataclass
from typing import Any

from django import template
from django.utils.translation import gettext as _

from apps.campaigns.board import Board
from apps.campaigns.models import Campaign
from apps.campaigns.moments import instant_words

from ..models import Rehearsal, RehearsalState
from ..rehearsing.digest import plan_digest
from ..rehearsing.start import why_never

register = template.Library()
MOST_SHOWN = 5
STYLES = {RehearsalState.RUNNING: "warn running", RehearsalState.FINISHED: "ok"}


@dataclass(frozen=True, kw_only=True)
class Line:
    rehearsal: Rehearsal
    words: str
    is_outdated: bool

    @property
    def style(self) -> str:
        return STYLES.get(RehearsalState(self.rehearsal.state), "")


@register.inclusion_tag("admin/delivery/rehearsals.html", takes_context=True)
def preavis_rehearsals(context: Any, campaign: Campaign, board: Board) -> dict[str, Any]:
    found = list(Rehearsal.objects.filter(campaign=campaign).select_related("planner")[:MOST_SHOWN])
    digest = plan_digest(campaign, board) if found else ""
    zone = context["user"].time_zone
    return {
        "campaign": campaign,
        "may_change": context.get("may_change"),
        "problem": why_never(campaign),
        "rehearsals": [Line(rehearsal=row, words=_words(row, zone), is_outdated=row.plan_digest != digest) for row in found],
    }


def _words(rehearsal: Rehearsal, zone: str) -> str:
    who = rehearsal.planner.get_full_name() or rehearsal.planner.get_username()
    return _("Rehearsed on %(when)s by %(who)s") % {"when": instant_words(rehearsal.started_at, zone), "who": who}
