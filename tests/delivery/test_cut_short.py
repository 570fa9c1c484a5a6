"""Skipped while it is written in part: what is written is closed, and nobody else is written to."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import AuditEvent
from apps.audiences.models import Segment
from apps.campaigns.models import Campaign, Reason, Touchpoint, TouchpointState
from apps.channels.messages import Phase, TransportError
from apps.channels.transports.memory import MemoryTransport
from apps.delivery import halts
from apps.delivery.due import due
from apps.delivery.expand import Expanded, expand_touchpoint, expand_wholly
from apps.delivery.invariants import INVARIANTS
from apps.delivery.models import Batch, Delivery, Expansion, Installation
from apps.delivery.policy import FIRST_PORTION, Halt
from apps.delivery.retrying import retry_failed
from apps.delivery.steering import Choice, pause, resume
from tests.factories import HOUR, NOW, make_channel, make_playbook, make_revision, make_step, make_template

from .engine import begun, states, sweep, work, written

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
MORE = FIRST_PORTION + 2


@pytest.fixture(autouse=True)
def _small_batches(settings):
    settings.DELIVERY_BATCH_SIZE = 1  # a portion is so many times that
    MemoryTransport.reset()
    make_template()


def skip(target, *, now=NOW):
    pause(target, reason="", actor=None, now=now)
    return resume(target, choice=Choice.SKIP, actor=None, now=now)


def ending(touchpoint):
    return Touchpoint.objects.values_list("state", "reason").get(pk=touchpoint.pk)


def offenders(now):
    return [invariant.name for invariant in INVARIANTS if invariant.offenders(now).exists()]


def break_rules():
    Segment.objects.update(rule={"nonsense": True})


def test_what_is_written_is_closed_and_nobody_else_is_written_to(target_of):
    touchpoint = begun(MORE)

    released = skip(target_of(touchpoint))

    assert (released.skipped, released.cut_short) == (FIRST_PORTION, 1)
    assert states() == {"cancelled": FIRST_PORTION}
    assert ending(touchpoint) == (TouchpointState.SKIPPED, Reason.SKIPPED_BY_HAND)
    assert offenders(NOW + HOUR) == []


def test_a_rule_that_is_broken_meanwhile_keeps_nobody_from_skipping(target_of):
    touchpoint = begun(MORE)
    break_rules()

    skip(target_of(touchpoint))

    assert ending(touchpoint) == (TouchpointState.SKIPPED, Reason.SKIPPED_BY_HAND)


def test_those_told_before_stay_told_and_the_others_are_not_told():
    touchpoint = begun(MORE)
    work()

    released = skip(touchpoint.campaign)
    sweep(NOW)
    work()

    assert (released.skipped, released.cut_short) == (0, 1)
    assert states() == {"sent": FIRST_PORTION}
    assert ending(touchpoint) == (TouchpointState.SENT, Reason.SKIPPED_BY_HAND)
    assert expand_touchpoint(touchpoint.pk, now=NOW) is Expanded.NOT_NOW
    assert due(NOW + MINUTE).to_expand == []
    assert offenders(NOW + HOUR) == []


def test_the_proof_says_how_far_it_came_and_that_it_ends_there():
    skip(begun(MORE).channel)

    proof = Expansion.objects.get()
    assert (proof.recipients, proof.skipped_at) == (FIRST_PORTION, NOW)
    assert proof.reached is not None


def test_nobody_who_waits_for_the_page_waits_for_a_look_through_the_contacts():
    touchpoint = begun(MORE)

    with CaptureQueriesContext(connection) as queries:
        skip(touchpoint)

    assert not [query for query in queries if "audiences_contact" in query["sql"]]


def test_what_is_not_due_yet_leaves_at_its_time():
    touchpoint = begun(MORE)
    later = Batch.objects.filter(pk__in=Batch.objects.values("pk")[:2])
    later.update(not_before=NOW + HOUR)

    skip(touchpoint)
    assert ending(touchpoint) == (TouchpointState.DUE, "")
    assert expand_touchpoint(touchpoint.pk, now=NOW + HOUR) is Expanded.NOT_NOW

    work(NOW + HOUR)
    assert states() == {"cancelled": FIRST_PORTION - 2, "sent": 2}
    assert ending(touchpoint) == (TouchpointState.SENT, Reason.SKIPPED_BY_HAND)


def test_while_one_is_in_doubt_it_stays_open_and_nobody_else_is_written_to():
    touchpoint = begun(MORE)
    MemoryTransport.fail_next(TransportError("reset by peer", permanent=False, phase=Phase.AFTER))
    work()
    assert states() == {"sent": FIRST_PORTION - 1, "in_doubt": 1}

    skip(touchpoint)
    assert ending(touchpoint) == (TouchpointState.SENDING, "")
    assert due(NOW + MINUTE).to_expand == []

    Delivery.objects.filter(state="in_doubt").update(state="unknown")
    sweep(NOW)
    assert ending(touchpoint) == (TouchpointState.SENT, Reason.SKIPPED_BY_HAND)
    assert written(touchpoint) == FIRST_PORTION


def test_another_attempt_for_what_failed_writes_to_nobody_else():
    step = make_step(make_playbook(), key="announce")
    touchpoint = begun(MORE, step=step, channel=step.channel)
    make_revision(touchpoint.campaign.window)
    work()
    failed = Delivery.objects.filter(pk=Delivery.objects.latest("pk").pk)
    failed.update(state="failed", reason="refused", sent_at=None)
    skip(touchpoint)

    assert retry_failed(Campaign.objects.get(), Delivery.objects.all(), actor=None, now=NOW + MINUTE) == 1
    assert expand_touchpoint(touchpoint.pk, now=NOW + MINUTE) is Expanded.NOT_NOW
    work(NOW + MINUTE)

    assert states() == {"sent": FIRST_PORTION}
    assert ending(touchpoint) == (TouchpointState.SENT, Reason.SKIPPED_BY_HAND)


def test_what_an_older_worker_had_closed_says_that_it_was_skipped():
    touchpoint = begun(MORE)
    work()
    Touchpoint.objects.update(state=TouchpointState.SENT, reason="", settled_at=NOW)

    skip(touchpoint.campaign)

    assert ending(touchpoint) == (TouchpointState.SENT, Reason.SKIPPED_BY_HAND)
    assert expand_touchpoint(touchpoint.pk, now=NOW) is Expanded.NOT_NOW


def test_planned_again_it_is_written_to_its_end():
    touchpoint = begun(MORE)
    skip(touchpoint)
    Touchpoint.objects.update(state=TouchpointState.PLANNED, reason="")

    assert expand_wholly(touchpoint.pk, now=NOW) is Expanded.WRITTEN

    assert states() == {"pending": MORE}
    assert Expansion.objects.get().skipped_at is None


def test_one_whose_time_has_not_come_goes_on():
    touchpoint = begun(MORE, due_at=NOW + 5 * MINUTE)

    skip(touchpoint)

    assert expand_wholly(touchpoint.pk, now=NOW) is Expanded.WRITTEN
    assert states() == {"pending": MORE}


def test_large_siblings_are_skipped_together():
    channel = make_channel()
    first = begun(MORE, channel=channel)
    second = begun(0, channel=channel, campaign=first.campaign)

    released = skip(channel)

    assert released.cut_short == 2
    assert {ending(first), ending(second)} == {(TouchpointState.SKIPPED, Reason.SKIPPED_BY_HAND)}
    assert offenders(NOW + HOUR) == []


def test_a_halt_that_ends_skips_it_as_well():
    touchpoint = begun(MORE)
    Installation.objects.update_or_create(pk=1, defaults={"halted_at": NOW, "halt": Halt.MOVED})

    assert halts.release(choice=Choice.SKIP, actor=None, now=NOW).cut_short == 1

    assert ending(touchpoint) == (TouchpointState.SKIPPED, Reason.SKIPPED_BY_HAND)


def test_the_trail_keeps_that_it_was_cut_short():
    skip(begun(MORE).channel)

    event = AuditEvent.objects.get(verb="channel.resumed")
    assert event.detail == {"choice": "skip", "skipped": FIRST_PORTION, "cut_short": 1}
