"""The page of one window and its campaign: where it stands, what can be done, its plan, its revisions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import prefetch_related_objects
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import get_language

from apps.common.times import format_duration, format_instant, format_period
from apps.windows.models import MaintenanceWindow, Said, WindowRevision

from ..approval.standing import standing_of
from ..checks import Report, board_and_findings
from ..estimates import longest_words
from ..headline import headline
from ..languages import language_name
from ..models import Campaign
from ..people import people_of
from ..proposals import campaign_wish, propose
from .pages import planner, render
from .verbs import verbs_for


@dataclass(frozen=True, kw_only=True)
class Line:
    """One revision in words; `when` in the reader's zone, `times` in the window's."""

    revision: WindowRevision
    when: str
    times: str
    translations: Sequence[tuple[str, Said]]  # of its reason, each with the name of the language


def overview(request: HttpRequest, window: MaintenanceWindow) -> HttpResponse:
    now = timezone.now()
    prefetch_related_objects([window], "services", "translations")
    campaign = Campaign.objects.select_related("playbook", "owner").filter(window=window).first()
    context = _window_context(request, window, now)
    if campaign is not None:
        campaign.window = window  # with all that has been read of it
        context |= _campaign_context(request, campaign, now)
    return render(request, "change.html", title=window.title, campaign=campaign, is_window_page=campaign is not None, **context)


def _window_context(request: HttpRequest, window: MaintenanceWindow, now: datetime) -> dict[str, Any]:
    language = get_language() or "en"
    zone = window.time_zone
    return {
        "window": window,
        "headline": headline(window, now=now),
        "times": format_period(window.starts_at, window.ends_at, zone=zone, language=language),
        "announced": format_instant(window.announced_ends_at, zone=zone, language=language),
        "duration": format_duration(window.duration, language=language),
        "utc_times": format_period(window.starts_at, window.ends_at, zone="UTC", language=language) if zone != "UTC" else "",
        "service_names": [service.name for service in window.services.all()],
        "texts": [window.text_in(code) for code in [window.language, *(row.language for row in window.translations.all())]],
        "outcomes": _in_further_languages(window.outcome_translations),
        "revisions": [
            _line(row, planner(request).time_zone) for row in window.revisions.select_related("changed_by").order_by("-number")
        ],
    }


def _campaign_context(request: HttpRequest, campaign: Campaign, now: datetime) -> dict[str, Any]:
    may_change = planner(request).has_perm("windows.change_maintenancewindow")
    context: dict[str, Any] = {"people": people_of(campaign), "standing": standing_of(campaign)}
    context |= {"verbs": verbs_for(campaign, now=now) if may_change else [], "may_change": may_change}
    if campaign.released_at is None:
        proposal = propose(campaign_wish(campaign, now=now), now=now)
        return context | {"proposal": proposal, "report": proposal.report}
    board, found = board_and_findings(campaign, now=now)
    return context | {"board": board, "report": Report(findings=found) if found else None, "longest": longest_words(board)}


def _line(row: WindowRevision, reader_zone: str) -> Line:
    language = get_language() or "en"
    return Line(
        revision=row,
        when=format_instant(row.changed_at, zone=reader_zone, language=language),
        times=format_period(row.starts_at, row.ends_at, zone=row.time_zone, language=language),
        translations=_in_further_languages(row.reason_translations),
    )


def _in_further_languages(translations: Mapping[str, str]) -> list[tuple[str, Said]]:
    return [(language_name(code), Said(language=code, text=text)) for code, text in sorted(translations.items())]
