"""What a good life costs the ledger: a delivery is written twice, and the second time no index is touched."""

from itertools import pairwise

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from apps.audiences.models import Contact
from apps.campaigns.models import Touchpoint, TouchpointState
from apps.delivery import store
from apps.delivery.closing import finish_settled
from apps.delivery.compose import Desk
from apps.delivery.models import Batch, BatchState, Delivery, DeliveryState
from apps.delivery.outcomes import Outcome
from apps.delivery.settle import settle
from apps.delivery.waiting import waiting_rows
from tests.factories import NOW, make_delivery, make_touchpoint

from .engine import expanded, marked

pytestmark = pytest.mark.django_db
on_postgresql = pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has no heap-only updates")


def people(number: int) -> None:
    Contact.objects.bulk_create(Contact(email=f"cem{place}@example.org") for place in range(number))


def life_of_a_batch(desk: Desk | None = None) -> list[str]:
    """The statements of one good batch, from the claim to its end; `desk`: of a worker that had another just before."""
    with CaptureQueriesContext(connection) as asked:
        batch = store.claim(now=NOW, touchpoint_of=(desk or Desk()).touchpoint_of)
        store.mark_sending(batch, composed_at=NOW, journal="", now=NOW)
        batch.composed_at = NOW
        settle(batch, [Outcome.accepted(row, at=NOW) for row in waiting_rows(batch)], now=NOW)
    words = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")
    return [query["sql"] for query in asked.captured_queries if not query["sql"].startswith(words)]


@pytest.mark.parametrize("size", [1, 2])
def test_acceptances_without_a_name_are_settled(size):
    batch = marked(size)

    settle(batch, [Outcome.accepted(row, at=NOW) for row in waiting_rows(batch)], now=NOW)

    assert set(Delivery.objects.values_list("state", "provider_id")) == {("sent", "")}


def test_a_name_of_two_lines_shifts_no_other_and_holds_up_nothing():
    batch = marked(2)
    first, second = waiting_rows(batch)
    names = {first: "a\nb", second: "c"}

    settle(batch, [Outcome.accepted(row, at=NOW, provider_id=name) for row, name in names.items()], now=NOW)

    kept = {"a b", "a\nb"}  # where it takes a statement of arrays, and where not
    assert Delivery.objects.get(pk=first.pk).provider_id in kept
    assert Delivery.objects.get(pk=second.pk).provider_id == "c"


@pytest.mark.parametrize("size", [1, 40])
def test_a_good_batch_costs_so_many_statements_and_no_more(settings, size):
    settings.DELIVERY_BATCH_SIZE = size
    people(3 * size)
    expanded(0)
    desk = Desk()
    life_of_a_batch(desk)  # the first also reads the touchpoint, and moves it

    guard, reading = 1, 1
    claiming, marking, settling = (2, 1, 2) if connection.vendor == "postgresql" else (4, 2, 4)
    assert len(life_of_a_batch(desk)) == guard + claiming + marking + reading + settling


@on_postgresql
def test_settling_a_good_batch_touches_no_index(settings):
    settings.DELIVERY_BATCH_SIZE = 200
    people(600)
    expanded(0)

    updated, in_place = updates()

    for _ in range(3):
        life_of_a_batch()

    assert [now - before for now, before in zip(updates(), (updated, in_place), strict=True)] == [600, 600]


def updates() -> tuple[int, int]:
    """Of deliveries: how many, and how many of them without touching an index."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_xact_user_tables WHERE relname = 'delivery_delivery'")
        return cursor.fetchone()


@on_postgresql
def test_no_index_of_deliveries_names_a_column_that_changes_in_a_good_life():
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE tablename = 'delivery_delivery'")
        indexes = [row[0] for row in cursor.fetchall()]

    changing = ("state", "attempts", "composed_at", "sent_at", "settled_at")
    assert len(indexes) >= 7
    assert [index for index in indexes if any(name in index.partition(" USING ")[2] for name in changing)] == []


@pytest.mark.parametrize(
    ("rows", "index"),
    [
        pytest.param(lambda: Delivery.objects.in_doubt(), "delivery_doubted", id="in doubt"),
        pytest.param(
            lambda: Delivery.objects.filter(touchpoint=0),
            "one_delivery_per_contact_of_a_touchpoint_and_revision",
            id="of a touchpoint",
        ),
        pytest.param(lambda: Delivery.objects.with_a_reason().filter(touchpoint=1), "delivery_with_a_reason", id="rare"),
        pytest.param(lambda: Batch.objects.claimable(NOW)[:1], "batch_claimable", id="to claim"),
        pytest.param(lambda: Batch.objects.abandoned(NOW), "batch_in_hand", id="abandoned"),
        pytest.param(lambda: Batch.objects.unfinished().filter(touchpoint=1), "batch_unfinished", id="unfinished"),
    ],
)
def test_each_question_is_answered_by_the_index_made_for_it(rows, index):
    full_ledger()

    assert index in rows().explain()


def full_ledger() -> None:
    """The middle of a fan-out, counted anew: in an empty table it is a draw which index is cheapest."""
    touchpoint = make_touchpoint(state=TouchpointState.SENDING)
    fields = {"touchpoint": touchpoint, "revision": 1, "channel": touchpoint.channel, "not_before": NOW, "created_at": NOW}
    Batch.objects.bulk_create(Batch(state=state, **fields) for state in [BatchState.DONE, BatchState.READY] * 400)
    people(400)
    Delivery.objects.bulk_create(
        Delivery(touchpoint=touchpoint, revision=1, contact=contact, address=contact.email, state=DeliveryState.SENT, sent_at=NOW)
        for contact in Contact.objects.all()
    )
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE delivery_batch")
            cursor.execute("ANALYZE delivery_delivery")


def test_a_doubt_without_a_known_reason_is_refused():
    with pytest.raises(IntegrityError, match="delivery_in_doubt_says_why"), transaction.atomic():
        make_delivery(state=DeliveryState.IN_DOUBT, reason="whatever")


def test_the_last_batch_ends_the_touchpoint(settings):
    settings.DELIVERY_BATCH_SIZE = 1
    expanded(2)

    first = marked_next()
    settle(first, [Outcome.accepted(row, at=NOW) for row in waiting_rows(first)], now=NOW)
    assert Touchpoint.objects.get().state == TouchpointState.SENDING
    last = marked_next()
    settle(last, [Outcome.accepted(row, at=NOW) for row in waiting_rows(last)], now=NOW)

    assert Touchpoint.objects.get().state == TouchpointState.SENT


def marked_next() -> Batch:
    batch = store.claim(now=NOW)
    store.mark_sending(batch, composed_at=NOW, journal="", now=NOW)
    return batch


def test_a_touchpoint_whose_last_worker_died_before_it_looked_is_ended_by_the_sweep(monkeypatch):
    batch = marked(2)
    monkeypatch.setattr("apps.delivery.settle.finish_last", lambda batch, now: False)
    settle(batch, [Outcome.accepted(row, at=NOW) for row in waiting_rows(batch)], now=NOW)

    assert finish_settled(NOW) == 1
    assert Touchpoint.objects.get().state == TouchpointState.SENT


def test_a_batch_that_was_done_with_rows_in_doubt_does_not_end_the_touchpoint():
    batch = marked(2)
    told, doubtful = waiting_rows(batch)
    outcomes = [Outcome.accepted(told, at=NOW), Outcome.in_doubt(doubtful, "no_answer", at=NOW)]

    settle(batch, outcomes, now=NOW)

    assert Batch.objects.get().state == BatchState.DONE
    assert Touchpoint.objects.get().state == TouchpointState.SENDING
    assert finish_settled(NOW) == 0


def test_batches_are_filled_one_after_the_other_and_evenly(settings):
    settings.DELIVERY_BATCH_SIZE = 4
    touchpoint = expanded(10)

    batches = [list(batch.deliveries.order_by("pk").values_list("pk", flat=True)) for batch in touchpoint.batches.order_by("pk")]

    assert sorted(map(len, batches)) == [3, 3, 4]
    assert [max(batch) < min(after) for batch, after in pairwise(batches)] == [True, True]
