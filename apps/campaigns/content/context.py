"""What a template may say: strings, numbers and lists, worked out of a window, its revision and the recipient.

No model is ever handed to a template. A text that is missing is nil, so that `{% if window.reason %}` does what it reads.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.utils import parseaddr
from typing import Protocol
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from django.conf import settings
from django.db.models import Max

from apps.channels.models import Channel
from apps.common.text import one_line
from apps.common.times import format_duration, format_instant, format_period, format_utc_offset
from apps.common.zones import zone_or_utc
from apps.windows.links import calendar_url, notice_url
from apps.windows.models import MaintenanceWindow, RevisionChange, WindowRevision, WindowText

from ..models import Touchpoint
from ..plans import times_of
from ..replanning import Times
from .phrases import FALLBACK_LANGUAGE, phrases

# A change that made earlier announcements false, and so is explained to those who got them.
CORRECTING = (RevisionChange.RESCHEDULED, RevisionChange.EXTENDED, RevisionChange.CANCELLED)


class Reader(Protocol):
    """What a message says of its recipient, or decides by: a contact, or as much of one as the engine has read."""

    @property
    def name(self) -> str: ...
    @property
    def organisation(self) -> str: ...
    @property
    def language(self) -> str: ...
    @property
    def time_zone(self) -> str: ...
    @property
    def is_internal(self) -> bool: ...


@dataclass(frozen=True, kw_only=True)
class Facts:
    """All that a message says apart from its recipient, in plain values: equal facts give equal messages."""

    uid: str
    texts: tuple[WindowText, ...]  # one per language of the installation
    services: tuple[str, ...]
    impact: str
    status: str
    revision: int
    time_zone: str
    times: Times
    previous: Times | None  # what people were last told before the last correction
    change_reason: str  # in the window's own language; in others by `texts`
    actual_started_at: datetime | None
    actual_ended_at: datetime | None
    outcome: str
    is_temporary: bool
    notice_url: str
    calendar_url: str
    team_name: str
    team_email: str
    touchpoint_key: str
    touchpoint_number: int
    touchpoint_at: datetime | None

    def text_in(self, language: str) -> WindowText:
        return next((text for text in self.texts if text.language == language), self.texts[0])


def facts_of(touchpoint: Touchpoint, revision: WindowRevision | None = None) -> Facts:
    """Reads what a touchpoint says as of `revision`; without one, as the window stands now. Five queries or six."""
    window = touchpoint.campaign.window
    number = window.revision if revision is None else revision.number
    known = sorted((row for row in window.revisions.all() if row.number <= number), key=lambda row: row.number)
    correction = next((row for row in reversed(known) if row.change in CORRECTING), None)
    team_name, team_email = sender_of(touchpoint.channel)
    return Facts(
        uid=str(window.uid),
        texts=tuple(_text_in(window, language, correction) for language, _ in settings.LANGUAGES),
        services=tuple(one_line(service.name) for service in window.services.all()),
        impact=window.impact,
        status=window.status if revision is None else revision.status,
        revision=number,
        time_zone=window.time_zone if revision is None else revision.time_zone,
        times=times_of(window if revision is None else revision),
        previous=_previous_times(touchpoint, known, correction),
        change_reason=correction.reason if correction else "",
        actual_started_at=window.actual_started_at,
        actual_ended_at=window.actual_ended_at,
        outcome=window.outcome,
        is_temporary=window.is_temporary_fix,
        notice_url=notice_url(window),
        calendar_url=calendar_url(window),
        team_name=team_name,
        team_email=team_email,
        touchpoint_key=touchpoint.content_key,
        touchpoint_number=touchpoint.occurrence + 1,
        touchpoint_at=touchpoint.due_at,
    )


def sender_of(channel: Channel) -> tuple[str, str]:
    """Who speaks, and where answers arrive: as the channel is configured, else as the installation is."""
    name, address = parseaddr(channel.config.get("from_address") or settings.DEFAULT_FROM_EMAIL)
    _name, answers = parseaddr(channel.config.get("reply_to") or "")
    return one_line(name) or address.rpartition("@")[2], answers or address


def _text_in(window: MaintenanceWindow, language: str, correction: WindowRevision | None) -> WindowText:
    text, why = window.text_in(language), correction.reason_in(language).text if correction else ""
    return replace(text, language=language, title=one_line(text.title), change_reason=why)


def _previous_times(touchpoint: Touchpoint, known: list[WindowRevision], correction: WindowRevision | None) -> Times | None:
    """The times that people were last told before the correction; in a preview, those that held before it."""
    before = {row.number: row for row in known if correction and row.number < correction.number}
    if not before:
        return None
    sent = touchpoint.campaign.touchpoints.filter(first_sent_at__isnull=False, revision__in=before)
    told = sent.aggregate(latest=Max("revision"))["latest"]
    return times_of(before[told or max(before)])


def shared_context(facts: Facts, *, language: str, zone: str) -> dict[str, dict[str, object]]:
    """What all recipients of one language and zone have in common."""
    text = facts.text_in(language)
    window: dict[str, object] = {
        "title": text.title,
        "services": list(facts.services),
        "impact": phrases(language)["impact"][facts.impact],
        "impact_level": facts.impact,
        "status": phrases(language)["status"][facts.status],
        "reason": text.reason or None,
        "effect": text.effect or None,
        "alternatives": text.alternatives or None,
        "notice_url": facts.notice_url,
        "change_reason": text.change_reason or facts.change_reason or None,
        "outcome": text.outcome or facts.outcome or None,
        "is_temporary": facts.is_temporary,
    }
    return {
        "window": window | _time_words(facts, language=language, zone=zone),
        "team": {"name": facts.team_name, "email": facts.team_email},
        "touchpoint": {
            "key": facts.touchpoint_key,
            "number": facts.touchpoint_number,
            "at": facts.touchpoint_at and format_instant(facts.touchpoint_at, zone=zone, language=language),
        },
    }


def _time_words(facts: Facts, *, language: str, zone: str) -> dict[str, object]:
    times, previous = facts.times, facts.previous
    started, ended = facts.actual_started_at, facts.actual_ended_at
    elsewhere = _shows_other_times(times, zone, facts.time_zone)

    def period(what: Times, where: str = zone) -> str:
        return format_period(what.starts_at, what.announced_ends_at, zone=where, language=language)

    def instant(at: datetime) -> str:
        return format_instant(at, zone=zone, language=language)

    return {
        "starts": instant(times.starts_at),
        "ends": instant(times.ends_at),
        "latest_end": instant(times.announced_ends_at),
        "times": period(times),
        "window_times": period(times, facts.time_zone) if elsewhere else None,
        "utc_times": period(times, "UTC"),
        "duration": format_duration(times.ends_at - times.starts_at, language=language),
        "announced_duration": _announced_duration(times, language),
        "short_starts": _short(times.starts_at, zone, language),
        "short_times": _short_period(times.starts_at, times.announced_ends_at, zone, language),
        "short_latest_end": _short(times.announced_ends_at, zone, language),
        "previous_times": period(previous) if previous else None,
        "previous_starts": instant(previous.starts_at) if previous else None,
        "previous_latest_end": instant(previous.announced_ends_at) if previous else None,
        "actual_start": instant(started) if started else None,
        "actual_end": instant(ended) if ended else None,
        "short_actual_end": _short(ended, zone, language) if ended else None,
        "actual_duration": format_duration(ended - started, language=language) if started and ended else None,
    }


def _shows_other_times(times: Times, zone: str, window_zone: str) -> bool:
    """Whether the two zones' clocks show other times at start or end."""
    one, other = zone_or_utc(zone), zone_or_utc(window_zone)
    return any(at.astimezone(one).utcoffset() != at.astimezone(other).utcoffset() for at in (times.starts_at, times.ends_at))


def _announced_duration(times: Times, language: str) -> str:
    """“between 4 and 6 hours”; “4 hours” where no range was announced."""
    low, high = times.ends_at - times.starts_at, times.announced_ends_at - times.starts_at
    low_words, high_words = (format_duration(duration, language=language) for duration in (low, high))
    if low == high:
        return high_words
    unit = _common_unit(low, high)
    return str(phrases(language)["range"].format(low=low // unit if unit else low_words, high=high_words))


def _common_unit(low: timedelta, high: timedelta) -> timedelta | None:
    """The unit in which both are whole numbers and the longer one is said: it need be named only once."""
    units = (
        (timedelta(days=1), timedelta.max),
        (timedelta(hours=1), timedelta(days=1)),
        (timedelta(minutes=1), timedelta(hours=1)),
    )
    return next((unit for unit, below in units if high < below and not low % unit and not high % unit), None)


def _short(at: datetime, zone: str, language: str) -> str:
    """For subjects and text messages: “Tue 24 Nov, 02:00 (UTC+01:00)”."""
    local = at.astimezone(zone_or_utc(zone))
    return f"{_short_date(local, language)} {local:%H:%M} ({format_utc_offset(at, zone=zone)})"


def _short_period(start: datetime, end: datetime, zone: str, language: str) -> str:
    place: ZoneInfo = zone_or_utc(zone)
    first, last = start.astimezone(place), end.astimezone(place)
    finish = f"-{last:%H:%M}" if first.date() == last.date() else f" - {_short_date(last, language)} {last:%H:%M}"
    return f"{_short_date(first, language)} {first:%H:%M}{finish} ({format_utc_offset(start, zone=zone)})"


def _short_date(local: datetime, language: str) -> str:
    return format_datetime(local.replace(tzinfo=None), "EEE d MMM", locale=language)


def contact_context(contact: Reader | None, *, language: str) -> dict[str, object]:
    """What a message says of its recipient; of nobody for broadcast channels."""
    words = phrases(language)
    name = one_line(contact.name) if contact else ""
    return {
        "name": name or None,
        "first_name": name.split(" ", 1)[0] or None,
        "organisation": (one_line(contact.organisation) if contact else "") or None,
        "greeting": words["greeting_name"].format(name=name) if name else words["greeting"],
    }


def language_of(contact: Reader | None, window: MaintenanceWindow) -> str:
    """The contact's language, of nobody that of the window's texts."""
    return known_language(contact.language if contact else window.language)


def known_language(wanted: str) -> str:
    """It or what it is a variety of, where there are texts in that; else English."""
    known = {code for code, _name in settings.LANGUAGES}
    return next((language for language in (wanted, wanted.partition("-")[0]) if language in known), FALLBACK_LANGUAGE)


def zone_of(contact: Reader | None, window: MaintenanceWindow) -> str:
    """The contact's zone; the window's where it is empty or unknown to this machine."""
    wanted = contact.time_zone if contact else ""
    return wanted if wanted and zone_or_utc(wanted).key == wanted else window.time_zone
