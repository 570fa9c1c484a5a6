"""How doubts end, and that each end stands in the audit trail."""

from datetime import timedelta

import pytest

from apps.accounts.models import AuditEvent
from apps.accounts.services import record_each
from apps.campaigns.models import Touchpoint
from apps.channels.messages import Phase, TransportError
from apps.channels.transports.memory import MemoryTransport
from apps.delivery import services
from apps.delivery.invariants import INVARIANTS
from apps.delivery.models import Attempt, Delivery
from apps.delivery.outcomes import Outcome
from apps.delivery.resolutions import Resolution
from apps.delivery.settle import accept_late
from tests.factories import NOW, make_channel, make_planner

from .engine import expanded, states, sweep, work

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("text")]
MINUTE = timedelta(minutes=1)


def in_doubt(people: int = 1, **fields) -> Touchpoint:
    touchpoint = expanded(people, **fields)
    MemoryTransport.fail_next(*(TransportError("reset by peer", permanent=False, phase=Phase.AFTER) for _ in range(people)))
    work()
    return touchpoint


def trail() -> list[tuple[str, str]]:
    rows = AuditEvent.objects.filter(verb="delivery.doubt_resolved").order_by("pk")
    return [(row.detail["by"], row.detail["to"]) for row in rows]


def broken(now):
    return [invariant.name for invariant in INVARIANTS if invariant.offenders(now).exists()]


def test_a_channel_may_wait_longer_and_then_send_once_more(outbox):
    in_doubt(channel=make_channel(after_doubt_routine="wait_repeat", evidence_minutes=60))

    sweep(NOW + 59 * MINUTE)
    assert (states(), broken(NOW + 59 * MINUTE)) == ({"in_doubt": 1}, [])
    sweep(NOW + 61 * MINUTE)
    work(NOW + 62 * MINUTE)

    assert states() == {"sent": 1}
    assert len(outbox) == 1
    assert trail() == [("policy", "pending")]


def test_a_channel_may_keep_even_urgent_messages_from_going_twice(outbox):
    in_doubt(channel=make_channel(after_doubt_urgent="wait"), urgency="urgent")

    sweep(NOW + 14 * MINUTE)
    assert states() == {"in_doubt": 1}
    sweep(NOW + 16 * MINUTE)

    assert states() == {"unknown": 1}
    assert trail() == [("policy", "unknown")]


def test_evidence_that_ends_a_doubt_is_in_the_trail():
    in_doubt()

    services.record_evidence(Delivery.objects.get(), outcome="sent", reason="", now=NOW)

    assert trail() == [("evidence", "sent")]


def test_a_bounce_of_a_doubt_is_in_the_trail_with_its_reason():
    in_doubt()

    services.record_evidence(Delivery.objects.get(), outcome="failed", reason="bounced", now=NOW)

    assert trail() == [("evidence", "failed")]
    assert AuditEvent.objects.get(verb="delivery.doubt_resolved").detail["reason"] == "bounced"


def test_a_bounce_of_what_was_sent_ends_no_doubt():
    expanded(1)
    work()

    services.record_evidence(Delivery.objects.get(), outcome="failed", reason="bounced", now=NOW)

    assert trail() == []


def test_a_late_answer_that_ends_a_doubt_is_in_the_trail():
    in_doubt()

    accept_late([Outcome.accepted(Delivery.objects.get(), at=NOW)], now=NOW)

    assert trail() == [("evidence", "sent")]


@pytest.mark.parametrize(
    ("resolution", "state"),
    [(Resolution.ARRIVED, "sent"), (Resolution.NOT_ARRIVED, "failed"), (Resolution.UNKNOWN, "unknown")],
)
def test_a_person_ends_many_doubts_at_once(resolution, state):
    touchpoint, ana = in_doubt(3), make_planner()

    assert services.resolve_by_hand(Delivery.objects.all(), resolution, actor=ana, now=NOW) == 3

    touchpoint.refresh_from_db()
    assert states() == {state: 3}
    assert touchpoint.state == "sent"
    assert trail() == [("person", state)] * 3
    assert set(AuditEvent.objects.filter(verb="delivery.doubt_resolved").values_list("actor", flat=True)) == {ana.pk}


def test_a_person_sends_doubts_again_under_the_same_key(outbox):
    in_doubt(2)
    keys = {row.token.hex for row in Delivery.objects.all()}

    assert services.resolve_by_hand(Delivery.objects.all(), Resolution.REPEAT, actor=None, now=NOW) == 2

    work(NOW + MINUTE)
    assert states() == {"sent": 2}
    assert {message.key for message in outbox} == keys
    assert trail() == [("person", "pending")] * 2


@pytest.mark.parametrize("change", [{"useful_until": NOW}, {"revision": 2}, {"state": "cancelled", "reason": "replaced"}])
def test_what_is_of_no_more_use_is_not_sent_again_by_hand(change):
    in_doubt()
    Touchpoint.objects.update(**change)

    assert services.resolve_by_hand(Delivery.objects.all(), Resolution.REPEAT, actor=None, now=NOW) == 0

    assert states() == {"in_doubt": 1}
    assert trail() == []


def test_what_evidence_has_settled_meanwhile_is_left_alone():
    in_doubt()
    chosen = Delivery.objects.filter(pk=Delivery.objects.get().pk)
    services.record_evidence(chosen.get(), outcome="sent", reason="", now=NOW)

    assert services.resolve_by_hand(chosen, Resolution.NOT_ARRIVED, actor=None, now=NOW) == 0

    assert states() == {"sent": 1}


def test_a_thousand_doubts_cost_a_few_statements(django_assert_max_num_queries):
    in_doubt()
    row = Delivery.objects.get()
    Attempt.objects.all().delete()
    copies = [Delivery(contact=None, **fields) for fields in _copies_of(row, 1200)]
    Delivery.objects.bulk_create(copies)

    with django_assert_max_num_queries(40):
        assert services.resolve_by_hand(Delivery.objects.all(), Resolution.ARRIVED, actor=None, now=NOW) == 1201

    assert AuditEvent.objects.count() == 1201


def _copies_of(row, number):
    """Of other revisions, because a broadcast has one delivery for each."""
    for revision in range(2, number + 2):
        yield {
            "touchpoint_id": row.touchpoint_id,
            "batch_id": row.batch_id,
            "revision": revision,
            "state": row.state,
            "reason": row.reason,
            "sent_at": row.sent_at,
        }


def test_each_row_of_many_has_its_own_line_in_the_trail():
    record_each("delivery.looked_at", subjects=Delivery, ids=[3, 5], actor=None, now=NOW, why="test")

    rows = AuditEvent.objects.order_by("pk").values_list("subject_type", "subject_id", "detail")
    assert list(rows) == [("delivery.delivery", "3", {"why": "test"}), ("delivery.delivery", "5", {"why": "test"})]
