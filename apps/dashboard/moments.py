"""How a touchpoint's moment reads on a page: “Announcement”, “−7 d”, “Update 2”, “Completed +24 h”."""

from datetime import timedelta

from django.utils.translation import gettext as _

from apps.campaigns.models import Anchor, Touchpoint
from apps.common.times import format_offset


def moment_label(touchpoint: Touchpoint, *, language: str) -> str:
    """Needs `touchpoint.step`; touchpoints whose step is gone are named by their key."""
    step = touchpoint.step
    if touchpoint.step_key == "correction":
        return _("Correction (revision %(number)s)") % {"number": touchpoint.occurrence}
    if touchpoint.step_key == "cancellation":
        return _("Cancellation")
    if step is None:
        return _numbered(touchpoint.step_key, touchpoint.occurrence)
    if step.anchor == Anchor.DURING or step.repeats_by_cadence or step.repeat_every:
        return _("Update %(number)s") % {"number": touchpoint.occurrence + 1}
    return _anchored(step.anchor, step.offset_days, step.offset, language)


def _anchored(anchor: str, days: int, offset: timedelta, language: str) -> str:
    distance = format_offset(days, offset, language=language)
    if not days and not offset:
        return {
            Anchor.ANNOUNCE: _("Announcement"),
            Anchor.START: _("Start"),
            Anchor.END: _("Planned end"),
            Anchor.ACTUAL_END: _("Completion"),
        }.get(Anchor(anchor), str(Anchor(anchor).label))
    match anchor:
        case Anchor.START:
            return distance
        case Anchor.ANNOUNCE:
            return _("Announcement %(distance)s") % {"distance": distance}
        case Anchor.END:
            return _("Planned end %(distance)s") % {"distance": distance}
        case _:
            return _("Completion %(distance)s") % {"distance": distance}


def _numbered(key: str, occurrence: int) -> str:
    return f"{key} {occurrence + 1}" if occurrence else key
