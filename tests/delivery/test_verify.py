"""Each invariant holds of a healthy ledger, and finds the one row that was corrupted behind the engine's back."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone

from apps.campaigns.models import Campaign, Touchpoint, TouchpointState
from apps.delivery.invariants import GRACE, INVARIANTS
from apps.delivery.models import Batch, Delivery, Expansion
from apps.windows.models import WindowRevision
from tests.factories import DAY, HOUR, NOW, make_contact, make_delivery, make_touchpoint

from .engine import claimed, expanded, marked, work

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("text")]
LONG = 12 * HOUR


def broken(now=NOW + timedelta(seconds=1)):
    return [invariant.name for invariant in INVARIANTS if invariant.offenders(now).exists()]


def sent(people=2, **fields):
    touchpoint = expanded(people, **fields)
    work()
    return touchpoint


def a_delivery_is_gone():
    sent()
    Delivery.objects.first().delete()


def the_expansion_is_gone():
    expanded()
    Expansion.objects.all().delete()


def one_portion_only():
    expanded()
    Expansion.objects.update(reached=Delivery.objects.first().contact_id)


def a_reason_that_nobody_knows():
    sent()
    Delivery.objects.filter(pk=Delivery.objects.first().pk).update(state="expired", reason="whim")


def a_touchpoint_reason_that_nobody_knows():
    make_touchpoint(state=TouchpointState.SKIPPED, reason="whim")


def a_person_told_twice():
    touchpoint = sent(1)
    twin = make_touchpoint(
        campaign=touchpoint.campaign, channel=touchpoint.channel, step_key=touchpoint.step_key, state=TouchpointState.SENT
    )
    batch = Batch.objects.get()
    other = Batch.objects.create(touchpoint=twin, revision=1, channel=twin.channel, not_before=NOW, created_at=NOW)
    Batch.objects.filter(pk=other.pk).update(state="done", marked_at=batch.marked_at)
    make_delivery(touchpoint=twin, contact=Delivery.objects.first().contact, state="sent", batch=other, sent_at=NOW + HOUR)


def a_delivery_waits_for_ever():
    expanded()


def a_doubt_that_nobody_resolved():
    sent(1)
    Delivery.objects.update(state="in_doubt", reason="no_answer", sent_at=NOW + timedelta(minutes=1))
    Touchpoint.objects.update(state=TouchpointState.SENDING, useful_until=NOW + 9 * DAY)


def an_acceptance_before_the_mark():
    sent()
    Delivery.objects.filter(pk=Delivery.objects.first().pk).update(sent_at=NOW - HOUR)


def a_finished_batch_with_a_waiting_row():
    claimed()
    Batch.objects.update(state="done")


def a_batch_of_another_revision():
    sent()
    Batch.objects.update(revision=2)


def a_sent_touchpoint_with_a_waiting_row():
    expanded()
    Touchpoint.objects.update(state=TouchpointState.SENT)


def a_batch_whose_worker_is_gone():
    marked()
    Touchpoint.objects.update(useful_until=NOW + 9 * DAY)


def a_batch_of_a_cancelled_touchpoint():
    expanded()
    Touchpoint.objects.update(state=TouchpointState.CANCELLED, reason="window_cancelled", useful_until=NOW + 9 * DAY)


def a_touchpoint_open_for_ever():
    make_touchpoint()


def a_mark_after_the_window_moved():
    touchpoint = sent()
    window = touchpoint.campaign.window
    WindowRevision.objects.create(
        window=window,
        number=2,
        change="rescheduled",
        status=window.status,
        time_zone="UTC",
        starts_at=window.starts_at,
        ends_at=window.ends_at,
        announced_ends_at=window.ends_at,
        changed_at=NOW - HOUR,
    )


def a_mark_while_it_was_paused():
    sent()
    Campaign.objects.update(paused_at=NOW - HOUR)


def a_correction_to_someone_never_told():
    sent(audience="segment")
    Touchpoint.objects.update(audience="told")


def a_second_channel_to_somebody_told():
    touchpoint = sent(1)
    moment = {"campaign": touchpoint.campaign, "step_key": touchpoint.step_key, "segment": touchpoint.segment}
    other = make_touchpoint(**moment, audience="failed", state=TouchpointState.SENT)
    make_delivery(touchpoint=other, contact=Delivery.objects.get().contact, state="sent", sent_at=NOW)


def told_again(touchpoint, **fields):
    """The same person hears a correction of what was sent."""
    place = {"campaign": touchpoint.campaign, "segment": touchpoint.segment, "channel": touchpoint.channel}
    later = make_touchpoint(**place, audience="told", revision=2, state=TouchpointState.SENT)
    contact = Delivery.objects.get().contact
    make_delivery(touchpoint=later, revision=2, contact=contact, state="sent", sent_at=NOW, **fields)


def a_calendar_cancelled_for_somebody_not_invited():
    told_again(sent(1), invitation="cancel")


def a_calendar_left_with_times_that_are_false():
    told_again(sent(1, invites=True))


@pytest.mark.parametrize(
    ("corrupt", "name", "now"),
    [
        (a_delivery_is_gone, "counts-add-up", NOW),
        (the_expansion_is_gone, "open-is-expanded", NOW),
        (one_portion_only, "all-are-written", NOW + HOUR),
        (a_reason_that_nobody_knows, "deliveries-have-reasons", NOW),
        (a_touchpoint_reason_that_nobody_knows, "touchpoints-have-reasons", NOW),
        (a_person_told_twice, "nobody-is-told-twice", NOW),
        (a_delivery_waits_for_ever, "settled-past-use", NOW + LONG),
        (a_doubt_that_nobody_resolved, "doubts-end", NOW + LONG),
        (an_acceptance_before_the_mark, "marked-before-sent", NOW),
        (a_finished_batch_with_a_waiting_row, "waiting-has-a-batch", NOW),
        (a_batch_of_another_revision, "batch-fits", NOW),
        (a_sent_touchpoint_with_a_waiting_row, "sent-is-settled", NOW),
        (a_batch_whose_worker_is_gone, "leases-end", NOW + LONG),
        (a_batch_of_a_cancelled_touchpoint, "stopped-is-closed", NOW + LONG),
        (a_touchpoint_open_for_ever, "late-is-decided", NOW + LONG),
        (a_mark_after_the_window_moved, "no-stale-marks", NOW),
        (a_mark_while_it_was_paused, "pauses-hold", NOW),
        (a_second_channel_to_somebody_told, "fallbacks-to-the-unreached", NOW),
        (a_correction_to_someone_never_told, "corrections-to-the-told", NOW),
        (a_calendar_cancelled_for_somebody_not_invited, "cancellations-to-the-invited", NOW),
        (a_calendar_left_with_times_that_are_false, "calendars-follow", NOW),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_a_corrupted_row_is_found(corrupt, name, now):
    corrupt()

    assert name in broken(now + timedelta(seconds=1))


def test_every_invariant_is_tested():
    marks = test_a_corrupted_row_is_found.pytestmark
    tested = {case[1] for mark in marks if mark.name == "parametrize" for case in mark.args[1]}

    assert tested == {invariant.name for invariant in INVARIANTS}


def test_a_healthy_ledger_breaks_none():
    sent()
    expanded(1, due_at=NOW + DAY, now=NOW + DAY)
    marked(1, step_key="third")

    assert broken() == []


def verify():
    out = StringIO()
    call_command("verify", stdout=out, stderr=out, no_color=True)
    return out.getvalue()


def test_the_command_says_so():
    report = verify()

    assert report.count("ok  ") == len(INVARIANTS)


def test_the_command_lists_the_rows_at_fault_and_fails():
    make_contact()
    touchpoint = expanded(1, due_at=timezone.now(), now=timezone.now())
    Expansion.objects.all().delete()
    out = StringIO()

    with pytest.raises(SystemExit) as stopped:
        call_command("verify", stdout=out, stderr=out, no_color=True)

    assert stopped.value.code == 1
    assert "BROKEN  open-is-expanded: What is due has its deliveries." in out.getvalue()
    assert f"campaigns.Touchpoint {touchpoint.pk}" in out.getvalue()
    assert GRACE < LONG
