"""Who has seen what, from the events that came back. One query for all messages, people and organisations.

A click by a person tells more than an open by one; what machines did is kept apart and never counted as read. Only
messages in state “sent” count: what bounced was seen by nobody.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

from django.db import connection
from django.db.models import Count, Q

from apps.audiences.models import Contact
from apps.delivery.models import TOLD_STATES, Delivery, DeliveryState
from apps.tracking.models import Event, EventType, Verdict


class Level(IntEnum):
    """The best sign of a message having been seen; only the last two are people."""

    NOTHING = 0
    MACHINE = 1
    PREFETCH = 2
    UNDECIDED = 3
    OPENED = 4
    CLICKED = 5


@dataclass(frozen=True, kw_only=True)
class Seen:
    """How many messages (or people, or organisations) reached each level; `confirmed` were reported as delivered."""

    levels: Mapping[int, int]
    confirmed: int = 0

    def at_least(self, level: Level) -> int:
        return sum(number for reached, number in self.levels.items() if reached >= level)

    def exactly(self, level: Level) -> int:
        return self.levels.get(level, 0)


NOTHING_SEEN = Seen(levels={})


@dataclass(frozen=True, kw_only=True)
class Engagement:
    touchpoints: Mapping[int, Seen]
    people: Seen  # those who opened or clicked, by the best they did
    organisations: Seen  # customers' only, likewise

    def of(self, touchpoint_id: int) -> Seen:
        return self.touchpoints.get(touchpoint_id, NOTHING_SEEN)


@dataclass(frozen=True, kw_only=True)
class Told:
    """Whom the campaign has told at least once, or may have."""

    people: int
    customers: int
    organisations: int  # customers' only


# Only signals of readers carry a verdict (tracking.Verdict), so it tells the level almost alone.
# Grouped twice (by message, then by touchpoint, person and organisation), which the ORM cannot say in one query.
# The first grouping is used twice and is therefore computed once on both databases.
SEEN = """
WITH seen AS (
    SELECT d.touchpoint_id, d.contact_id,
        MAX(CASE e.verdict
            WHEN '' THEN 0
            WHEN %(human)s THEN CASE e.type WHEN %(clicked)s THEN 5 ELSE 4 END
            WHEN %(machine)s THEN 1
            WHEN %(prefetch)s THEN 2
            ELSE 3
        END) AS level,
        MAX(CASE WHEN e.type = %(delivered)s THEN 1 ELSE 0 END) AS confirmed
    FROM {delivery} d JOIN {event} e ON e.delivery_id = d.id
    WHERE d.touchpoint_id IN ({ids}) AND d.state = %(sent)s
    GROUP BY d.id
), people AS (
    SELECT contact_id, MAX(level) AS level FROM seen WHERE level >= 4 AND contact_id IS NOT NULL GROUP BY contact_id
)
SELECT 'message', touchpoint_id, level, confirmed, COUNT(*) FROM seen GROUP BY touchpoint_id, level, confirmed
UNION ALL SELECT 'person', 0, level, 0, COUNT(*) FROM people GROUP BY level
UNION ALL SELECT 'organisation', 0, level, 0, COUNT(*) FROM (
    SELECT MAX(people.level) AS level FROM people JOIN {contact} c ON c.id = people.contact_id
    WHERE c.organisation <> '' AND NOT c.is_internal GROUP BY c.organisation
) organisations GROUP BY level
"""
WORDS = {
    "human": Verdict.HUMAN.value,
    "prefetch": Verdict.PREFETCH.value,
    "machine": Verdict.MACHINE.value,
    "clicked": EventType.CLICKED.value,
    "delivered": EventType.DELIVERED.value,
    "sent": DeliveryState.SENT.value,
}


def engagement(touchpoint_ids: Sequence[int]) -> Engagement:
    levels: dict[tuple[str, int], Counter[int]] = {}
    confirmed: Counter[int] = Counter()
    for what, touchpoint, level, is_confirmed, number in _seen(touchpoint_ids):
        levels.setdefault((what, touchpoint), Counter())[level] += number
        confirmed[touchpoint] += number * is_confirmed
    return Engagement(
        touchpoints={
            touchpoint: Seen(levels=counter, confirmed=confirmed[touchpoint])
            for (what, touchpoint), counter in levels.items()
            if what == "message"
        },
        people=Seen(levels=levels.get(("person", 0), {})),
        organisations=Seen(levels=levels.get(("organisation", 0), {})),
    )


def _seen(touchpoint_ids: Sequence[int]) -> list[tuple[str, int, int, int, int]]:
    if not touchpoint_ids:
        return []
    tables = {"delivery": Delivery._meta.db_table, "event": Event._meta.db_table, "contact": Contact._meta.db_table}
    ids = ", ".join(str(int(number)) for number in touchpoint_ids)
    with connection.cursor() as cursor:
        cursor.execute(SEEN.format(**tables, ids=ids), WORDS)
        return list(cursor.fetchall())


def told(touchpoint_ids: Sequence[int]) -> Told:
    recipients = Delivery.objects.filter(touchpoint__in=touchpoint_ids, state__in=TOLD_STATES, contact__isnull=False)
    numbers = Contact.objects.filter(pk__in=recipients.values("contact")).aggregate(
        people=Count("pk"),
        customers=Count("pk", filter=Q(is_internal=False)),
        organisations=Count("organisation", distinct=True, filter=Q(is_internal=False) & ~Q(organisation="")),
    )
    return Told(**numbers)
