"""Windows for the calendar that touch no database, and what every reader should make of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import strategies as st

from apps.common.text import clean_text, one_line
from apps.common.zones import zone_names
from apps.windows.calendar.events import account_ending, alarm_ending, render_event, with_ending
from apps.windows.calendar.files import wrap
from apps.windows.models import Impact, MaintenanceWindow, Service, WindowStatus

# What breaks lines, ends values, opens components or looks like an escape; and letters of one to four octets.
HOSTILE = st.text(
    st.sampled_from([*"\r\n\t\0\x07\x0b\x0c\x1f\x7f\x85\u2028\u2029\\;:,\"'^=<&nN aé—漢🛠", "\u200d", "\ufeff", "\u0301"]),
    max_size=140,
)
INJECTION = st.sampled_from(
    [
        "x\r\nATTENDEE:mailto:eve@example.org",
        "x\nEND:VEVENT\nBEGIN:VEVENT\nUID:stolen",
        "x\\nEND:VCALENDAR",
        "x\\",
        "\\N\\n\\,\\;",
        "x\r\n ",
        "🛠️" * 40,
    ]
)
TITLES = st.one_of(HOSTILE, INJECTION).map(lambda text: f"t{text}"[:140])  # a title is never empty
ZONES = st.sampled_from(sorted(zone_names()))
# Hours around the changes of the clock in Europe and America, and any others.
STARTS = st.one_of(
    st.sampled_from([datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC), datetime(2026, 3, 8, 6, tzinfo=UTC)]),
    st.integers(0, 100 * 365).map(lambda days: datetime(2000, 1, 1, tzinfo=UTC) + timedelta(days=days)),
).flatmap(lambda at: st.integers(0, 180).map(lambda minutes: at + timedelta(minutes=minutes)))


@dataclass(frozen=True, kw_only=True)
class Read:
    """One entry as a reader understood it."""

    uid: str
    starts_at: datetime
    ends_at: datetime
    summary: str
    sequence: int
    status: str
    reminders: int


@st.composite
def windows(draw: st.DrawFn, titles: st.SearchStrategy[str] = TITLES) -> MaintenanceWindow:
    starts_at = draw(STARTS)
    ends_at = starts_at + timedelta(minutes=draw(st.integers(1, 3000)))
    window = MaintenanceWindow(
        pk=1,
        uid=draw(st.uuids(version=4)),
        title=draw(titles),
        reason=draw(titles),
        effect=draw(titles),
        language="en",
        impact=draw(st.sampled_from(Impact.values)),
        status=draw(st.sampled_from([WindowStatus.SCHEDULED, WindowStatus.IN_PROGRESS, WindowStatus.CANCELLED])),
        time_zone=draw(ZONES),
        starts_at=starts_at,
        ends_at=ends_at,
        announced_ends_at=ends_at,
        revision=draw(st.integers(1, 99)),
        content_changed_at=starts_at,
        scheduled_at=starts_at,
    )
    loaded = {"services": [Service(name=draw(titles)[:100])], "translations": []}
    window._prefetched_objects_cache = loaded  # type: ignore[attr-defined]  # as if read from the database
    return window


def calendar_of(rows: Sequence[MaintenanceWindow], *, language: str = "en", account: str = "Acme") -> bytes:
    """A file with a reminder for each window that is still to begin."""
    plain, reminding = account_ending(account), account_ending(account) + alarm_ending(timedelta(hours=1), language=language)
    endings = {WindowStatus.SCHEDULED.value: reminding}
    return wrap(with_ending(render_event(row, language=language), endings.get(row.status, plain)) for row in rows)


def expected(window: MaintenanceWindow) -> Read:
    prefix = "Cancelled: " if window.status == WindowStatus.CANCELLED else ""
    return Read(
        uid=str(UUID(str(window.uid))),
        starts_at=window.starts_at,
        ends_at=window.announced_ends_at,
        summary=prefix + one_line(window.title),
        sequence=window.revision,
        status="CANCELLED" if prefix else "CONFIRMED",
        reminders=int(window.status == WindowStatus.SCHEDULED),
    )


def words_of(window: MaintenanceWindow) -> list[str]:
    """What the description must hold, whatever else it says."""
    return [clean_text(text).strip() for text in (window.effect, window.reason)]
