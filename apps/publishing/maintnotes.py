"""The calendar for machines that read maintnote (NANOG BCOP): events of that standard and nothing else.

Its usual consumers refuse a whole file for one event they do not understand: so no meetings, no touchpoints, no reminders.
"""

from datetime import datetime

from .calendars import VERSION, whole_file
from .formats import Format
from .selections import Selection


def render_maintnotes(selection: Selection, now: datetime) -> bytes:
    return whole_file(selection, now)


FORMAT = Format(
    name="maintnote",
    suffix=".maintnote.ics",
    content_type="text/calendar; charset=utf-8",
    version=VERSION,
    render=render_maintnotes,
)
