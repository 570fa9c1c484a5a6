"""A large touchpoint is written portion by portion, and the first of its people are written to meanwhile."""

from datetime import timedelta

import pytest

from apps.audiences.models import Contact, Suppression
from apps.campaigns.models import Reason, Touchpoint, TouchpointState
from apps.channels.transports.memory import MemoryTransport
from apps.delivery import closing, invariants, steering, tasks
from apps.delivery.due import due, oldest_due_at
from apps.delivery.expand import Expanded, expand_touchpoint, expand_wholly
from apps.delivery.models import Batch, Delivery, Expansion
from apps.delivery.policy import FIRST_PORTION, SECOND_PORTION, DeliveryReason
from apps.delivery.steering import Choice
from apps.delivery.tallies import tallies
from apps.windows.models import RevisionChange
from tests.factories import HOUR, NOW, make_campaign, make_channel, make_contact, make_revision, make_template, make_touchpoint

from .engine import begun, states, sweep, work, written

pytestmark = pytest.mark.django_db

PEOPLE = FIRST_PORTION + SECOND_PORTION + 5
LATER = NOW + timedelta(seconds=10)


@pytest.fixture(autouse=True)
def _small_batches(settings):
    settings.DELIVERY_BATCH_SIZE = 1  # a portion is so many times that
    MemoryTransport.reset()
    make_template()


def test_each_call_writes_the_next_portion():
    touchpoint = begun(PEOPLE)
    counts = [written(touchpoint)]

    outcomes = []
    while not outcomes or outcomes[-1] is Expanded.PARTLY:
        outcomes.append(expand_touchpoint(touchpoint.pk, now=NOW))
        counts.append(written(touchpoint))

    assert outcomes == [Expanded.PARTLY, Expanded.WRITTEN]
    assert counts == [FIRST_PORTION, FIRST_PORTION + SECOND_PORTION, PEOPLE]
    assert set(Delivery.objects.values_list("contact", flat=True)) == set(Contact.objects.values_list("pk", flat=True))
    assert expand_touchpoint(touchpoint.pk, now=NOW) is Expanded.NOT_NOW


def test_as_many_as_a_portion_are_one():
    for _ in range(FIRST_PORTION):
        make_contact()
    touchpoint = make_touchpoint()

    assert expand_touchpoint(touchpoint.pk, now=NOW) is Expanded.WRITTEN
    assert written(touchpoint) == FIRST_PORTION


def test_the_proof_and_the_tallies_hold_at_every_moment():
    touchpoint = begun(PEOPLE)

    while True:
        assert Expansion.objects.get().recipients == written(touchpoint)
        assert tallies([touchpoint.pk])[touchpoint.pk] == {"pending": written(touchpoint)}
        assert not invariants.counts_that_do_not_add_up(NOW).exists()
        if expand_touchpoint(touchpoint.pk, now=NOW) is not Expanded.PARTLY:
            break

    assert Expansion.objects.get().recipients == written(touchpoint) == PEOPLE


def test_the_first_are_sent_while_the_others_are_written_and_the_touchpoint_waits_for_all():
    touchpoint = begun(PEOPLE)

    work()
    sweep(NOW)
    touchpoint.refresh_from_db()
    assert touchpoint.state == TouchpointState.SENDING
    assert states() == {"sent": FIRST_PORTION}

    expand_wholly(touchpoint.pk, now=NOW)
    work()
    touchpoint.refresh_from_db()
    assert touchpoint.state == TouchpointState.SENT
    assert states() == {"sent": PEOPLE}
    assert len({message.address for message in MemoryTransport.outbox}) == PEOPLE


def test_when_nobody_of_the_last_portion_can_be_written_to_the_touchpoint_ends_with_it():
    for contact in [make_contact() for _ in range(FIRST_PORTION + 1)][FIRST_PORTION:]:
        Suppression.objects.create(kind="email", address=contact.email, reason="hard_bounce")
    touchpoint = begun(0)
    work()

    assert expand_touchpoint(touchpoint.pk, now=NOW) is Expanded.NOBODY

    touchpoint.refresh_from_db()
    assert touchpoint.state == TouchpointState.SENT
    assert states() == {"sent": FIRST_PORTION, "suppressed": 1}


def test_batches_grow_with_the_touchpoint_and_shrink_at_its_end():
    touchpoint = begun(PEOPLE)
    expand_wholly(touchpoint.pk, now=NOW)

    sizes = [batch.deliveries.count() for batch in Batch.objects.order_by("pk")]
    assert sizes == [1] * FIRST_PORTION + [4] * (SECOND_PORTION // 4) + [1] * 5
    assert [*Delivery.objects.order_by("contact").values_list("batch", flat=True)] == [
        batch.pk for batch in Batch.objects.order_by("pk") for _ in range(batch.deliveries.count())
    ]


def test_batches_of_a_paced_channel_stay_small():
    begun(PEOPLE, channel=make_channel(pace=14))

    assert {batch.deliveries.count() for batch in Batch.objects.all()} == {1}


def test_who_comes_while_it_is_written_is_written_to_and_who_goes_is_not():
    touchpoint = begun(PEOPLE)
    Contact.objects.order_by("-pk").first().delete()
    late = make_contact()

    expand_wholly(touchpoint.pk, now=NOW)

    assert written(touchpoint) == PEOPLE
    assert Delivery.objects.filter(contact=late).exists()


def test_a_sibling_of_the_same_people_finds_nobody_left():
    campaign, channel = make_campaign(), make_channel()
    fields = {"campaign": campaign, "channel": channel, "step_key": "t-7d"}
    first = begun(PEOPLE, **fields)
    second = make_touchpoint(**fields)
    expand_touchpoint(second.pk, now=NOW)

    expand_wholly(first.pk, now=NOW)
    expand_wholly(second.pk, now=NOW)

    second.refresh_from_db()
    assert (written(first), written(second)) == (PEOPLE, 0)
    assert (second.state, second.reason) == (TouchpointState.SKIPPED, Reason.NOBODY)


def test_large_siblings_go_on_one_after_the_other():
    campaign = make_campaign()
    first = begun(PEOPLE, campaign=campaign)
    second = make_touchpoint(campaign=campaign)
    assert expand_touchpoint(second.pk, now=NOW) is Expanded.PARTLY  # its first people need not wait

    assert expand_touchpoint(second.pk, now=NOW) is Expanded.NOT_NOW
    expand_wholly(first.pk, now=NOW)

    assert expand_wholly(second.pk, now=NOW) is Expanded.WRITTEN
    assert (written(first), written(second)) == (PEOPLE, PEOPLE)


def test_a_sibling_that_nobody_goes_on_with_keeps_no_other():
    campaign = make_campaign()
    begun(PEOPLE, campaign=campaign)
    second = make_touchpoint(campaign=campaign)
    expand_touchpoint(second.pk, now=LATER)

    assert expand_wholly(second.pk, now=LATER) is Expanded.WRITTEN


def test_what_was_cancelled_meanwhile_is_not_gone_on_with():
    touchpoint = begun(PEOPLE)
    Touchpoint.objects.update(state=TouchpointState.CANCELLED, reason=Reason.WINDOW_CANCELLED)

    assert expand_touchpoint(touchpoint.pk, now=NOW) is Expanded.NOT_NOW
    assert written(touchpoint) == FIRST_PORTION


def test_what_was_planned_anew_begins_anew():
    touchpoint = begun(PEOPLE)
    Touchpoint.objects.update(state=TouchpointState.PLANNED, revision=2)

    assert expand_touchpoint(touchpoint.pk, now=NOW) is Expanded.PARTLY
    expand_wholly(touchpoint.pk, now=NOW)

    assert Delivery.objects.filter(revision=2).count() == PEOPLE
    assert states() == {"superseded": FIRST_PORTION, "pending": PEOPLE}


def test_a_plan_made_anew_without_other_times_brings_back_what_was_written():
    touchpoint = begun(PEOPLE)
    expand_touchpoint(touchpoint.pk, now=NOW)
    Touchpoint.objects.update(state=TouchpointState.PLANNED)

    expand_wholly(touchpoint.pk, now=NOW)

    assert states() == {"pending": PEOPLE}
    assert Expansion.objects.get().recipients == PEOPLE


def test_what_is_paused_waits_in_the_middle_and_goes_on_when_it_is_let_go():
    touchpoint = begun(PEOPLE)
    steering.pause(touchpoint, reason="", actor=None, now=NOW)
    assert expand_touchpoint(touchpoint.pk, now=NOW) is Expanded.NOT_NOW

    steering.resume(touchpoint, choice=Choice.NOW, actor=None, now=NOW)

    assert expand_wholly(touchpoint.pk, now=NOW) is Expanded.WRITTEN


def test_what_is_spread_is_first_written_to_its_end():
    touchpoint = begun(PEOPLE)
    steering.pause(touchpoint, reason="", actor=None, now=NOW)

    steering.resume(touchpoint, choice=Choice.SPREAD, over=HOUR, actor=None, now=NOW)

    assert states() == {"pending": PEOPLE}


def test_of_what_is_written_in_part_nobody_knows_yet_how_many_are_overdue():
    touchpoint = begun(PEOPLE)
    steering.pause(touchpoint, reason="", actor=None, now=NOW)

    (row,) = steering.overdue(Touchpoint.objects.all(), Batch.objects.all(), now=NOW)

    assert row.waiting is None


def test_past_its_use_it_ends_where_it_is_with_the_reason():
    touchpoint = begun(PEOPLE)
    work()
    late = touchpoint.useful_until

    assert expand_touchpoint(touchpoint.pk, now=late) is Expanded.NOT_NOW
    closing.expire_past_use(late)

    touchpoint.refresh_from_db()
    assert (touchpoint.state, touchpoint.reason) == (TouchpointState.SENT, Reason.NOT_SENT_IN_TIME)


def test_past_its_use_and_paused_the_pause_is_the_reason():
    touchpoint = begun(PEOPLE)
    steering.pause(touchpoint, reason="", actor=None, now=NOW)

    closing.expire_past_use(touchpoint.useful_until)

    touchpoint.refresh_from_db()
    assert (touchpoint.state, touchpoint.reason) == (TouchpointState.MISSED, Reason.PAUSED)
    assert set(Delivery.objects.values_list("reason", flat=True)) == {DeliveryReason.PAUSED}


@pytest.mark.parametrize("reason", ["", Reason.NOT_SENT_IN_TIME])
def test_what_a_worker_without_portions_has_closed_goes_on(reason):
    touchpoint = begun(PEOPLE)
    work()
    Touchpoint.objects.update(state=TouchpointState.SENT, reason=reason, settled_at=NOW)

    expand_wholly(touchpoint.pk, now=NOW)

    touchpoint.refresh_from_db()
    assert (touchpoint.state, touchpoint.reason, touchpoint.settled_at) == (TouchpointState.SENDING, "", None)
    work()
    assert states() == {"sent": PEOPLE}


def test_what_a_person_has_skipped_stays_closed():
    touchpoint = begun(PEOPLE)
    work()
    Touchpoint.objects.update(state=TouchpointState.SENT, reason=Reason.SKIPPED_BY_HAND, settled_at=NOW)

    assert expand_touchpoint(touchpoint.pk, now=NOW) is Expanded.NOT_NOW


@pytest.mark.parametrize("change", [RevisionChange.RESCHEDULED, RevisionChange.CANCELLED, RevisionChange.COMPLETED])
def test_what_such_a_worker_has_closed_stays_closed_once_it_is_no_longer_true(change):
    touchpoint = begun(PEOPLE)
    work()
    Touchpoint.objects.update(state=TouchpointState.SENT, settled_at=NOW)
    make_revision(touchpoint.campaign.window, number=2, change=change)

    assert expand_touchpoint(touchpoint.pk, now=NOW) is Expanded.NOT_NOW
    assert due(LATER).to_expand == []
    assert not invariants.left_off_in_the_middle(NOW + HOUR).exists()


def test_the_clock_asks_again_for_what_was_left_off_in_the_middle():
    touchpoint = begun(PEOPLE)

    assert due(NOW + timedelta(seconds=1)).to_expand == []  # somebody is at it
    assert due(LATER).to_expand == [(touchpoint.pk, False)]


def test_what_was_left_off_in_the_middle_is_what_waits_longest():
    touchpoint = begun(PEOPLE)
    work()
    assert oldest_due_at(NOW) is None

    assert oldest_due_at(LATER) == touchpoint.due_at


def test_one_that_nobody_goes_on_with_breaks_an_invariant():
    begun(PEOPLE)
    assert not invariants.left_off_in_the_middle(LATER).exists()

    assert invariants.left_off_in_the_middle(NOW + HOUR).exists()


def test_a_paused_one_breaks_none():
    steering.pause(begun(PEOPLE), reason="", actor=None, now=NOW)

    assert not invariants.left_off_in_the_middle(NOW + HOUR).exists()


def test_the_task_writes_all_of_it_and_tells_workers_of_each_portion(monkeypatch):
    hints = []
    monkeypatch.setattr(tasks, "hint", lambda task, **how: hints.append(how.get("queue", "bulk")))
    monkeypatch.setattr(tasks, "database_now", lambda: NOW)
    touchpoint = begun(PEOPLE)

    tasks.expand_touchpoint(touchpoint_id=touchpoint.pk)

    assert written(touchpoint) == PEOPLE
    assert hints == ["urgent", "bulk"] * 2


def test_a_task_whose_time_is_over_asks_for_another(monkeypatch):
    hints = []
    monkeypatch.setattr(tasks, "hint", lambda task, **how: hints.append(task.name))
    monkeypatch.setattr(tasks, "database_now", lambda: NOW)
    monkeypatch.setattr(tasks, "CLAIMING_SECONDS", 0.0)
    touchpoint = begun(PEOPLE)

    tasks.expand_touchpoint(touchpoint_id=touchpoint.pk)

    assert hints == ["delivery.expand_touchpoint"]
