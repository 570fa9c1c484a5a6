"""Whole stories of the engine: from a released campaign to what recipients hold in their hands."""

import contextlib
import random
from collections import Counter
from datetime import timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import Phase as Stage
from hypothesis import strategies as st

from apps.campaigns import services as campaigns
from apps.campaigns.models import Anchor, Touchpoint, TouchpointState
from apps.channels.messages import Phase, TransportError
from apps.channels.transports.memory import MemoryTransport
from apps.delivery import journal, services, store
from apps.delivery.due import due
from apps.delivery.invariants import INVARIANTS
from apps.delivery.models import Batch, Delivery
from apps.windows.services import WindowError
from tests.factories import (
    DAY,
    HOUR,
    NOW,
    make_channel,
    make_contact,
    make_playbook,
    make_segment,
    make_step,
    make_template,
    make_window,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _quiet(monkeypatch):
    MemoryTransport.reset()
    monkeypatch.setattr(journal, "_away_until", float("inf"))
    yield
    MemoryTransport.reset()


def released(people=6, *, now=NOW, urgency="routine", fallback=None):
    """A campaign in two segments that share everybody, announced at once, in the first with an invitation, and reminded."""
    for key in ("announce", "reminder", "moved", "extended", "cancelled"):
        make_template(content_key=key, subject=key + " {{ window.times }}")
    for _ in range(people):
        make_contact()
    playbook, channel = make_playbook(), make_channel()
    for number, segment in enumerate((make_segment(), make_segment())):
        announced = {"urgency": urgency, "fallback_channel": fallback, "invites": number == 0}  # to those in the first
        make_step(playbook, channel=channel, segment=segment, **announced)
        make_step(
            playbook,
            channel=channel,
            segment=segment,
            fallback_channel=fallback,
            key="t-1d",
            anchor=Anchor.START,
            offset_days=-1,
            content_key="reminder",
        )
    window = make_window(status="draft", revision=0, scheduled_at=None, starts_at=now + 30 * DAY)
    campaign = campaigns.open_campaign(window, playbook=playbook, owner=None, actor=None, now=now)
    return campaigns.release(campaign, actor=None, now=now)


def tick(now):
    """What beat and workers do in a second."""
    for touchpoint_id, _is_urgent in due(now).to_expand:
        services.expand_touchpoint(touchpoint_id, now=now)
    while batch := store.claim(now=now):
        services.deliver_batch(batch, now=now)
    for verb in (
        services.reap,
        services.close_stopped,
        services.expire_past_use,
        services.look_up_doubts,
        services.resolve_doubts,
        services.send_fallbacks,
        services.finish_settled,
    ):
        verb(now)


def broken(now):
    return [invariant.name for invariant in INVARIANTS if invariant.offenders(now + timedelta(seconds=30)).exists()]


def told(content_key):
    return sorted(message.address for message in MemoryTransport.outbox if message.subject.startswith(content_key))


def move(campaign, *, now, by=DAY):
    window = campaign.window
    window.refresh_from_db()
    campaigns.reschedule(
        campaign,
        starts_at=window.starts_at + by,
        ends_at=window.ends_at + by,
        announced_ends_at=window.announced_ends_at + by,
        reason="The parts are late.",
        actor=None,
        now=now,
    )


def test_everybody_hears_each_moment_once_however_many_segments_they_are_in():
    campaign = released()

    tick(NOW)
    tick(campaign.window.starts_at - DAY)

    assert len(told("announce")) == len(set(told("announce"))) == 6
    assert len(told("reminder")) == len(set(told("reminder"))) == 6
    assert broken(campaign.window.starts_at - DAY) == []


def interrupted(campaign, monkeypatch, deed, *, after):
    """Sends, and does `deed` when `after` messages have left; the worker notices before the next one."""
    monkeypatch.setattr("apps.delivery.handover.brake.LOOK_SECONDS", 0.0)
    hand_over = MemoryTransport.hand_over

    def hand_over_and_act(self, message, gate):
        name = hand_over(self, message, gate)
        if len(MemoryTransport.outbox) == after:
            deed()
        return name

    monkeypatch.setattr(MemoryTransport, "hand_over", hand_over_and_act)
    tick(NOW)


def test_moving_the_window_in_mid_send_corrects_exactly_those_told(monkeypatch):
    campaign = released()

    interrupted(campaign, monkeypatch, lambda: move(campaign, now=NOW), after=2)
    first = told("announce")
    assert len(first) == 2
    for second in range(1, 4):
        tick(NOW + timedelta(seconds=second))

    assert told("moved") == first
    assert len(told("announce")) == len(set(told("announce"))) == 6
    assert broken(NOW + timedelta(seconds=4)) == []


def test_cancelling_in_mid_send_tells_exactly_those_told(monkeypatch):
    campaign = released()

    def cancel():
        campaigns.cancel(campaign, reason="Not needed.", actor=None, now=NOW)

    interrupted(campaign, monkeypatch, cancel, after=3)
    first = told("announce")
    assert len(first) == 3
    tick(NOW + timedelta(seconds=1))
    tick(NOW + 31 * DAY)

    assert told("announce") == first == told("cancelled")
    assert told("reminder") == []
    assert not Batch.objects.filter(marked_at__gt=NOW + timedelta(minutes=1)).exists()
    assert broken(NOW + timedelta(seconds=2)) == []


def test_a_correction_waits_for_the_worker_that_still_sends():
    campaign = released()
    for touchpoint_id, _is_urgent in due(NOW).to_expand:
        services.expand_touchpoint(touchpoint_id, now=NOW)
    batch = store.claim(now=NOW)
    store.mark_sending(batch, composed_at=NOW, journal="", now=NOW)

    move(campaign, now=NOW)
    tick(NOW + timedelta(seconds=1))
    assert MemoryTransport.outbox == []
    tick(NOW + timedelta(seconds=32))  # the lease is over: without a journal all six are in doubt, and so were told
    tick(NOW + timedelta(seconds=33))

    assert len(told("moved")) == 6
    assert told("announce") == []


def test_moving_there_and_back_before_anybody_heard_needs_no_correction():
    campaign = released()
    tick(NOW)
    move(campaign, now=NOW)
    move(campaign, now=NOW, by=-DAY)

    tick(NOW + timedelta(seconds=1))

    assert told("moved") == []
    states = Touchpoint.objects.filter(step_key="correction").values_list("state", "reason")
    assert ("skipped", "nobody_told") in states
    assert broken(NOW + timedelta(seconds=2)) == []


def test_moving_twice_tells_each_person_the_last_times_once():
    campaign = released()
    tick(NOW)
    move(campaign, now=NOW)
    tick(NOW + timedelta(seconds=1))
    move(campaign, now=NOW + timedelta(seconds=2))
    tick(NOW + timedelta(seconds=3))

    assert len(told("moved")) == 12
    assert broken(NOW + timedelta(seconds=4)) == []


def test_a_long_outage_ends_in_missed_touchpoints_not_in_late_messages():
    campaign = released()

    tick(campaign.window.starts_at + HOUR)

    assert MemoryTransport.outbox == []
    assert set(Touchpoint.objects.values_list("state", flat=True)) == {TouchpointState.MISSED}
    assert broken(campaign.window.starts_at + HOUR) == []


LATER = TransportError("452 later", permanent=False)
LOST = TransportError("reset", permanent=False, phase=Phase.AFTER)
DOWN = TransportError("no connection", permanent=False, channel_down=True)
REFUSED = TransportError("554 no", permanent=True)


class Story:
    """A campaign that something happens to, step by step."""

    def __init__(self, chance: random.Random) -> None:
        self.now = NOW
        self.chance = chance
        fallback = chance.choice((None, make_channel()))
        self.campaign = released(5, urgency=chance.choice(("routine", "urgent")), fallback=fallback)

    def trouble(self) -> None:
        MemoryTransport.fail_next(*self.chance.choices((None, None, LATER, LOST, DOWN, REFUSED), k=4))

    def work(self) -> None:
        tick(self.now)

    def crash(self) -> None:
        """A worker takes a batch, perhaps marks it, and is never heard of again."""
        for touchpoint_id, _is_urgent in due(self.now).to_expand:
            services.expand_touchpoint(touchpoint_id, now=self.now)
        batch = store.claim(now=self.now)
        if batch and self.chance.random() < 0.5:
            store.mark_sending(batch, composed_at=self.now, journal="", now=self.now)

    def wait(self) -> None:
        self.now += timedelta(seconds=self.chance.choice((1, 20, 40, 1200, 90_000)))

    def move(self) -> None:
        self._change(lambda: move(self.campaign, now=self.now, by=self.chance.choice((HOUR, DAY))))

    def cancel(self) -> None:
        self._change(lambda: campaigns.cancel(self.campaign, reason="Off.", actor=None, now=self.now))

    def bounce(self) -> None:
        delivery = Delivery.objects.told().order_by("?").first()
        if delivery:
            outcome = self.chance.choice(("sent", "failed"))
            services.record_evidence(delivery, outcome=outcome, reason="bounced", now=self.now)

    def _change(self, change) -> None:
        with contextlib.suppress(WindowError):  # it has begun, or was called off already
            change()


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), phases=(Stage.explicit, Stage.generate))
@given(
    steps=st.lists(
        st.sampled_from(("work", "work", "wait", "trouble", "crash", "move", "cancel", "bounce")), min_size=4, max_size=14
    ),
    chance=st.randoms(use_true_random=False),
)
def test_whatever_happens_the_ledger_holds_together(steps, chance):
    MemoryTransport.reset()
    with transaction.atomic():
        story = Story(chance)
        for step in steps:
            getattr(story, step)()
        for _ in range(4):
            story.now += timedelta(minutes=20)
            story.work()

        assert broken(story.now) == []
        received = Counter(message.key for message in MemoryTransport.outbox)
        repeated = {row.token.hex for row in Delivery.objects.filter(attempts__gt=1)}
        assert {key for key, times in received.items() if times > 1} <= repeated
        transaction.set_rollback(True)
