"""The rules' findings as sentences for a planner, in the planner's language and with every time in its zone."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from apps.common.times import format_duration, format_period, format_utc_offset
from apps.common.zones import WallClock, resolve_wall_time, zone_or_utc

from .rules import NoticeRule, NoticeWarning, TimesFault

TIMES_FAULTS: dict[TimesFault, str | Promise] = {
    TimesFault.ENDS_BEFORE_START: gettext_lazy("The window ends before it starts: the end must be later than the start."),
    TimesFault.ANNOUNCED_BEFORE_END: gettext_lazy("The announced end is before the planned end: it must be the same or later."),
    TimesFault.ALREADY_OVER: gettext_lazy("The window would already be over: the end must lie in the future."),
    TimesFault.TOO_FAR: gettext_lazy("The window lies more than five years ahead: please check the year."),
}
NOTICE_RULES: dict[NoticeRule, str | Promise] = {
    NoticeRule.MINOR: gettext_lazy("work of minor impact asks for at least %(needed)s"),
    NoticeRule.MAJOR: gettext_lazy("an outage asks for at least %(needed)s"),
    NoticeRule.LONG: gettext_lazy("work of over 4 hours asks for at least %(needed)s"),
    NoticeRule.LONG_OUTAGE: gettext_lazy("an outage of over 8 hours asks for at least %(needed)s"),
}


def notice_sentence(warning: NoticeWarning) -> str:
    """“Recipients get 1 day of notice; an outage asks for at least 7 days.” and, under 48 h, that it should not be."""
    rule = NOTICE_RULES[warning.rule] % {"needed": _duration(warning.needed)}
    if warning.given > timedelta(0):
        sentence = _("Recipients get %(given)s of notice; %(rule)s.") % {"given": _duration(warning.given), "rule": rule}
    else:
        sentence = _("Recipients get no notice at all; %(rule)s.") % {"rule": rule}
    if warning.is_severe:
        sentence += " " + _("Planned work should never be announced less than 48 hours ahead.")
    return sentence


def overlap_sentence(*, title: str, services: Iterable[str], starts_at: datetime, ends_at: datetime, zone: str) -> str:
    """What to know of another window at the same time: its services, and its times in its own zone."""
    return _("It overlaps with “%(title)s” on %(services)s: %(times)s.") % {
        "title": title,
        "services": ", ".join(services),
        "times": format_period(starts_at, ends_at, zone=zone, language=_language()),
    }


def wall_time_note(wall: datetime, zone: str) -> str | None:
    """What the planner has to know of a naive wall-clock time that does not exist or comes twice; else None."""
    resolved = resolve_wall_time(wall, zone_or_utc(zone))
    words = {
        "wall": f"{wall:%H:%M}",
        "zone": zone,
        "used": f"{resolved.wall:%H:%M}",
        "offset": format_utc_offset(resolved.instant, zone=zone),
    }
    if resolved.clock is WallClock.GAP:
        return _("%(wall)s does not exist that night in %(zone)s; %(used)s is used.") % words
    if resolved.clock is WallClock.FOLD:
        return _("%(wall)s comes twice that night in %(zone)s; the first one is used (%(offset)s).") % words
    return None


def _duration(duration: timedelta) -> str:
    return format_duration(duration, language=_language())


def _language() -> str:
    return get_language() or "en"
