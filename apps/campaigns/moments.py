"""The moments of a plan in words: “−7 d” “before the start”, “On completion”."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from babel.dates import format_datetime
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from apps.common.rates import rate_words
from apps.common.text import one_line
from apps.common.times import MINUS, format_duration, format_instant, format_offset, format_utc_offset
from apps.common.zones import zone_or_utc

from .capacity import WORTH_SAYING, Span
from .models import Anchor, Reason, Touchpoint

Words = Mapping[str, str | Promise]

AT: Words = {
    Anchor.ANNOUNCE: gettext_lazy("Announcement"),
    Anchor.START: gettext_lazy("At the start"),
    Anchor.END: gettext_lazy("At the planned end"),
    Anchor.ACTUAL_END: gettext_lazy("On completion"),
}
BEFORE: Words = {
    Anchor.ANNOUNCE: gettext_lazy("before the announcement"),
    Anchor.START: gettext_lazy("before the start"),
    Anchor.END: gettext_lazy("before the planned end"),
    Anchor.ACTUAL_END: gettext_lazy("before the completion"),
}
AFTER: Words = {
    Anchor.ANNOUNCE: gettext_lazy("after the announcement"),
    Anchor.START: gettext_lazy("after the start"),
    Anchor.END: gettext_lazy("after the planned end"),
    Anchor.ACTUAL_END: gettext_lazy("after the completion"),
}


def moment_words(step_key: str, occurrence: int, anchor: str, days: int, offset: timedelta, label: str = "") -> tuple[str, str]:
    """What happens and to what it is tied; the second is empty where the first says it all. No anchor: the engine's own.

    `label`: what planners call it, if anything.
    """
    first, second = _plain_words(step_key, occurrence, anchor, days, offset)
    return (_("%(name)s: %(moment)s") % {"name": one_line(label), "moment": first}, second) if label else (first, second)


def _plain_words(step_key: str, occurrence: int, anchor: str, days: int, offset: timedelta) -> tuple[str, str]:
    if step_key == "cancellation":
        return _("Cancellation"), ""
    if step_key == "correction":
        return _("Correction"), _("of revision %(number)s") % {"number": occurrence}
    if not anchor:
        return step_key, _("no longer in the playbook")
    if anchor == Anchor.DURING:
        return _("Update %(number)s") % {"number": occurrence + 1}, _("while it runs")
    words = format_offset(days, offset, language=get_language() or "en")
    if words == "0":
        return str(AT[anchor]), ""
    return words, str((BEFORE if words.startswith(MINUS) else AFTER)[anchor])


def touchpoint_words(touchpoint: Touchpoint) -> str:
    """For lists: “−1 h before the start”. Needs `touchpoint.step`."""
    step, plain = touchpoint.step, ("", 0, timedelta(0))
    anchored = (step.anchor, step.offset_days, step.offset, step.label) if step else plain
    return " ".join(words for words in moment_words(touchpoint.step_key, touchpoint.occurrence, *anchored) if words)


def reason_words(reason: str) -> str:
    """Why a touchpoint does not leave, as a sentence; nothing where there is nothing to explain. A code that a newer version
    running beside this one has written is shown as it is."""
    return str(Reason(reason).label) if reason in Reason.values else reason


def instant_words(instant: datetime, zone: str) -> str:
    return format_instant(instant, zone=zone, language=get_language() or "en")


def span_words(span: Span, zone: str, *, at_once: bool = False) -> str:
    """“takes 24 minutes, until 09:24 UTC+01:00”; nothing where it takes less than a minute. `at_once`: it is not known
    yet when it begins."""
    if span.takes < WORTH_SAYING:
        return ""
    takes = {"takes": takes_words(span), "rate": rate_words(span.pace)}
    if at_once:
        return _("takes %(takes)s at %(rate)s") % takes
    return _("takes %(takes)s at %(rate)s, until %(end)s") % (takes | {"end": _end_words(span, zone)})


def takes_words(span: Span) -> str:
    """Rounded up to the minute: a promise that is kept."""
    minute = timedelta(minutes=1)
    return format_duration(-(-span.takes // minute) * minute, language=get_language() or "en")


def _end_words(span: Span, zone: str) -> str:
    is_same_day = span.begins_at.astimezone(zone_or_utc(zone)).date() == span.ends_at.astimezone(zone_or_utc(zone)).date()
    return f"{_wall(span.ends_at, zone, 'HH:mm' if is_same_day else 'd MMM, HH:mm')} {format_utc_offset(span.ends_at, zone=zone)}"


def short_words(instant: datetime, zone: str) -> str:
    """For tables: “Tue 24 Nov 2026, 02:00 UTC+01:00”."""
    return f"{_wall(instant, zone, 'EEE d MMM y, HH:mm')} {format_utc_offset(instant, zone=zone)}"


def utc_words(instant: datetime) -> str:
    """“24 Nov, 01:00 UTC”, to stand beside the full date."""
    return f"{_wall(instant, 'UTC', 'd MMM, HH:mm')} UTC"


def _wall(instant: datetime, zone: str, pattern: str) -> str:
    # babel shifts what it is given to a zone of its own choice; a naive time is printed as it stands.
    local = instant.astimezone(zone_or_utc(zone)).replace(tzinfo=None)
    return format_datetime(local, pattern, locale=get_language() or "en")
