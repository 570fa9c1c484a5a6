"""Readers and windows that exist only to look at a text: samples, and the worst that a text may meet."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from apps.windows.links import calendar_url, notice_url
from apps.windows.models import Impact, MaintenanceWindow, WindowStatus, WindowText

from ..replanning import Times
from .context import Facts

STARTS_AT = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
SAMPLE_ZONE = "Europe/Paris"
FARAWAY_ZONE = "America/North_Dakota/New_Salem"  # long to write, and seldom the window's own


@dataclass(frozen=True, kw_only=True)
class Specimen:
    """A reader whom nobody ever writes to."""

    name: str
    organisation: str
    language: str
    time_zone: str = ""
    is_internal: bool = False

    def __str__(self) -> str:
        return self.name


def sample_reader(language: str) -> Specimen:
    return Specimen(name="Ana Lima", organisation="Lima & Sons", language=language, time_zone=SAMPLE_ZONE)


def sample_facts() -> Facts:
    """A window about which everything is known."""
    window = MaintenanceWindow(uid=UUID(int=0))
    return everything_known(
        Facts(
            uid=str(window.uid),
            texts=tuple(_sample_text(language) for language, _name in settings.LANGUAGES),
            services=("Customer portal", "Checkout"),
            impact=Impact.OUTAGE,
            status=WindowStatus.SCHEDULED,
            revision=1,
            time_zone=SAMPLE_ZONE,
            times=Times(
                starts_at=STARTS_AT,
                ends_at=STARTS_AT + timedelta(hours=4),
                announced_ends_at=STARTS_AT + timedelta(hours=6),
            ),
            previous=None,
            change_reason="",
            actual_started_at=None,
            actual_ended_at=None,
            outcome="",
            is_temporary=False,
            notice_url=notice_url(window),
            calendar_url=calendar_url(window),
            team_name="Example Operations",
            team_email="operations@example.org",
            touchpoint_key="announce",
            touchpoint_number=1,
            touchpoint_at=STARTS_AT - timedelta(days=14),
        )
    )


def everything_known(facts: Facts) -> Facts:
    """The same with a sample, in the language that is active, for each thing that may be missing, and is."""
    times, day = facts.times, timedelta(days=1)
    shifted = Times(starts_at=times.starts_at - day, ends_at=times.ends_at - day, announced_ends_at=times.announced_ends_at - day)
    return replace(
        facts,
        texts=tuple(_completed(text) for text in facts.texts),
        previous=facts.previous or shifted,
        change_reason=facts.change_reason or _("A supplier needs one more day."),
        actual_started_at=facts.actual_started_at or times.starts_at + timedelta(minutes=3),
        actual_ended_at=facts.actual_ended_at or times.ends_at - timedelta(minutes=19),
        outcome=facts.outcome or _("The new database is in service."),
        touchpoint_at=facts.touchpoint_at or times.starts_at - 14 * day,
    )


def nothing_known(facts: Facts) -> Facts:
    """The same without anything that may be missing."""
    return replace(
        facts,
        texts=tuple(
            WindowText(language=text.language, title=text.title, reason="", effect="", alternatives="") for text in facts.texts
        ),
        previous=None,
        change_reason="",
        actual_started_at=None,
        actual_ended_at=None,
        outcome="",
        touchpoint_at=None,
    )


def _completed(text: WindowText) -> WindowText:
    sample = _sample_text(text.language)
    return replace(
        text,
        reason=text.reason or sample.reason,
        effect=text.effect or sample.effect,
        alternatives=text.alternatives or sample.alternatives,
    )


def _sample_text(language: str) -> WindowText:
    with translation.override(language):
        return WindowText(
            language=language,
            title=_("Database upgrade"),
            reason=_("The database reaches the end of its support."),
            effect=_("You cannot sign in; orders already placed are processed."),
            alternatives=_("Call us to place an urgent order."),
        )
