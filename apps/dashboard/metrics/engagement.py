"""Who was told and who has seen what, from the events that came back. One query for all messages, people and organisations.

A click by a person tells more than an open by one; what machines did is kept apart and never counted as read. Only
messages in state “sent” count: what bounced was seen by nobody.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

from django.db import connection

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
class Told:
    """Whom the campaign has told at least once, or may have."""

    people: int
    customers: int
    organisations: int  # customers' only


@dataclass(frozen=True, kw_only=True)
class Engagement:
    told: Told
    touchpoints: Mapping[int, Seen]
    people: Seen  # all who were told; those who opened or clicked, by the best they did
    organisations: Seen  # customers' only, likewise

    def of(self, touchpoint_id: int) -> Seen:
        return self.touchpoints.get(touchpoint_id, NOTHING_SEEN)


# Only signals of readers carry a verdict (tracking.Verdict), so it tells the level almost alone.
# Grouped twice (by message, then by touchpoint, person and organisation), which the ORM cannot say in one query.
# What is used twice is computed once on both databases. Who was told and who has seen it are the same people, looked up once.
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
), told AS (
    SELECT contact_id, MAX(level) AS level FROM (
        SELECT contact_id, level FROM seen WHERE level >= 4
        UNION ALL SELECT contact_id, 0 FROM {delivery} WHERE touchpoint_id IN ({ids}) AND state IN ({told})
    ) signs WHERE contact_id IS NOT NULL GROUP BY contact_id
), people AS (
    SELECT CASE WHEN c.is_internal THEN 0 ELSE 1 END AS is_customer, c.organisation, told.level
    FROM told JOIN {contact} c ON c.id = told.contact_id
)
SELECT 'message', touchpoint_id, level, confirmed, COUNT(*) FROM seen GROUP BY touchpoint_id, level, confirmed
UNION ALL SELECT 'person', is_customer, level, 0, COUNT(*) FROM people GROUP BY is_customer, level
UNION ALL SELECT 'organisation', 1, level, 0, COUNT(*) FROM (
    SELECT MAX(level) AS level FROM people WHERE organisation <> '' AND is_customer = 1 GROUP BY organisation
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
    messages: dict[int, Counter[int]] = {}
    confirmed: Counter[int] = Counter()
    people: dict[int, Counter[int]] = {0: Counter(), 1: Counter()}  # colleagues, customers
    organisations: Counter[int] = Counter()
    for what, which, level, is_confirmed, number in _seen(touchpoint_ids):
        if what == "message":
            messages.setdefault(which, Counter())[level] += number
            confirmed[which] += number * is_confirmed
        elif what == "person":
            people[which][level] += number
        else:
            organisations[level] += number
    everybody = people[0] + people[1]
    return Engagement(
        told=Told(people=everybody.total(), customers=people[1].total(), organisations=organisations.total()),
        touchpoints={which: Seen(levels=counter, confirmed=confirmed[which]) for which, counter in messages.items()},
        people=Seen(levels=everybody),
        organisations=Seen(levels=organisations),
    )


def _seen(touchpoint_ids: Sequence[int]) -> list[tuple[str, int, int, int, int]]:
    if not touchpoint_ids:
        return []
    tables = {"delivery": Delivery._meta.db_table, "event": Event._meta.db_table, "contact": Contact._meta.db_table}
    ids = ", ".join(str(int(number)) for number in touchpoint_ids)
    told = ", ".join(f"'{state.value}'" for state in TOLD_STATES)
    with connection.cursor() as cursor:
        cursor.execute(SEEN.format(**tables, ids=ids, told=told), WORDS)
        return list(cursor.fetchall())
