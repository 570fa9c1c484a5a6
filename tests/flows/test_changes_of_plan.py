"""What planners decide while messages leave: nobody is told something false, twice or never."""

from datetime import timedelta

import pytest

from apps.campaigns import services as campaigns
from apps.campaigns.models import Anchor, Touchpoint, Urgency
from apps.channels.messages import Phase, TransportError
from apps.channels.models import ChannelKind
from apps.channels.transports.memory import MemoryTransport
from apps.delivery import journal, services
from apps.delivery.due import due
from apps.delivery.models import Delivery
from apps.windows.models import WindowStatus
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

from .test_engine import broken, move, released, tick, told

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
LOST = TransportError("reset", permanent=False, phase=Phase.AFTER)
DOWN = TransportError("no connection", permanent=False, channel_down=True)


@pytest.fixture(autouse=True)
def _quiet(monkeypatch):
    MemoryTransport.reset()
    monkeypatch.setattr(journal, "_away_until", float("inf"))
    yield
    MemoryTransport.reset()


def campaign_of(*steps, people=2, starts_at=NOW + 10 * DAY, duration=4 * HOUR, kind=ChannelKind.MEMORY, now=NOW):
    """A released campaign in one column; each step is a dictionary of its fields."""
    for key in {"moved", "extended", "cancelled", *(step.get("content_key", "announce") for step in steps)}:
        make_template(content_key=key, subject=key + " {{ window.times }}")
    for _ in range(people):
        make_contact(phone="+33123456789")
    cell = {"playbook": make_playbook(), "channel": make_channel(kind), "segment": make_segment()}
    for step in steps:
        make_step(**cell, **step)
    window = make_window(starts_at=starts_at, duration=duration, status=WindowStatus.DRAFT, revision=0, scheduled_at=None)
    campaign = campaigns.open_campaign(window, playbook=cell["playbook"], owner=None, actor=None, now=now)
    return campaigns.release(campaign, actor=None, now=now)


ANNOUNCE = {"useful_for": DAY}
REMINDER = {"key": "t-24h", "anchor": Anchor.START, "offset": -24 * HOUR, "content_key": "reminder"}
LAST_CALL = {"key": "t-1h", "anchor": Anchor.START, "offset": -HOUR, "content_key": "last-call", "useful_for": HOUR}
UPDATE = {"key": "during", "anchor": Anchor.DURING, "repeats_by_cadence": True, "content_key": "update", "when_late": "skip"}
OVERRUN = {"key": "overrun", "anchor": Anchor.END, "content_key": "overrun", "only_unconfirmed": True, "when_late": "send"}
COMPLETED = {"key": "completed", "anchor": Anchor.ACTUAL_END, "content_key": "completed", "when_late": "send"}


def live(campaign, until, *, since, every=30 * MINUTE):
    """The engine's life from `since` to `until`."""
    now = since
    while now <= until:
        campaigns.start_due_windows(now)
        tick(now)
        now += every


def extend(campaign, ends_at, *, now):
    campaign.window.refresh_from_db()
    campaigns.extend(campaign, ends_at=ends_at, announced_ends_at=ends_at, reason="A disk is slow.", actor=None, now=now)


def complete(campaign, *, now):
    campaigns.complete(campaign, outcome="", is_temporary=False, actor=None, now=now)


def rows(step_key):
    return list(Touchpoint.objects.filter(step_key=step_key).order_by("occurrence").values_list("state", "reason"))


def test_a_window_moved_as_the_clock_looks_does_not_start_by_itself():
    campaign = campaign_of(ANNOUNCE)
    now = campaign.window.starts_at
    seen = list(campaigns.Campaign.objects.select_related("window"))
    move(campaign, now=now - SECOND, by=7 * DAY)

    assert not campaigns._start_as_planned(seen[0], now=now)

    campaign.window.refresh_from_db()
    assert campaign.window.status == WindowStatus.SCHEDULED


def test_one_window_that_cannot_start_does_not_keep_the_others_from_it(monkeypatch):
    first = campaign_of(ANNOUNCE)
    window = make_window(starts_at=first.window.starts_at, status=WindowStatus.DRAFT, revision=0, scheduled_at=None)
    second = campaigns.open_campaign(window, playbook=make_playbook(), owner=None, actor=None, now=NOW)
    campaigns.release(second, actor=None, now=NOW)
    plan = campaigns.campaign_plan

    def broken_plan(campaign, *args, **kwargs):
        if campaign.pk == first.pk:
            raise ValueError("a plan that cannot be made")
        return plan(campaign, *args, **kwargs)

    monkeypatch.setattr(campaigns, "campaign_plan", broken_plan)

    assert campaigns.start_due_windows(first.window.starts_at) == 1
    second.window.refresh_from_db()
    assert second.window.status == WindowStatus.IN_PROGRESS


def test_each_end_that_passes_unconfirmed_is_told():
    campaign = campaign_of(OVERRUN)
    starts_at, ends_at = campaign.window.starts_at, campaign.window.ends_at
    live(campaign, ends_at, since=starts_at)
    assert len(told("overrun")) == 2

    extend(campaign, ends_at + 2 * HOUR, now=ends_at + MINUTE)
    live(campaign, ends_at + 3 * HOUR, since=ends_at + 30 * MINUTE)

    assert len(told("overrun")) == 4
    assert broken(ends_at + 3 * HOUR) == []


def test_updates_go_on_after_an_extension_that_slows_them_down():
    campaign = campaign_of(UPDATE, duration=5 * HOUR)  # every 2 h
    starts_at = campaign.window.starts_at
    live(campaign, starts_at + 4.5 * HOUR, since=starts_at)
    assert len(told("update")) == 2 * 2

    extend(campaign, starts_at + 13 * HOUR, now=starts_at + 4.5 * HOUR + MINUTE)  # every 4 h
    live(campaign, starts_at + 13 * HOUR, since=starts_at + 5 * HOUR)

    assert len(told("update")) == 2 * 4  # after 2, 4, 8 and 12 h
    assert rows("during") == [("sent", "")] * 4
    assert broken(starts_at + 13 * HOUR) == []


def test_a_reminder_of_the_old_start_is_given_again_before_the_new_one():
    campaign = campaign_of(ANNOUNCE, REMINDER)
    starts_at = campaign.window.starts_at
    tick(NOW)
    tick(starts_at - DAY)
    assert len(told("reminder")) == 2

    move(campaign, now=starts_at - DAY + HOUR, by=14 * DAY)
    tick(starts_at - DAY + HOUR)
    tick(starts_at + 13 * DAY)

    assert len(told("moved")) == 2
    assert len(told("reminder")) == 4
    assert broken(starts_at + 13 * DAY) == []


def test_a_reminder_given_again_reaches_people_of_two_segments_once():
    campaign = released()
    starts_at = campaign.window.starts_at
    tick(NOW)
    tick(starts_at - DAY)
    assert len(told("reminder")) == 6

    make_contact()
    move(campaign, now=starts_at - DAY + HOUR, by=14 * DAY)
    tick(starts_at - DAY + HOUR)
    tick(starts_at + 13 * DAY)

    assert len(told("reminder")) == 13
    assert broken(starts_at + 13 * DAY) == []


def test_a_reminder_given_again_is_dropped_when_the_window_moves_back():
    campaign = campaign_of(ANNOUNCE, REMINDER)
    starts_at = campaign.window.starts_at
    tick(NOW)
    tick(starts_at - DAY)

    for hours, by in ((1, 14), (2, -14), (3, 14)):
        move(campaign, now=starts_at - DAY + hours * HOUR, by=by * DAY)
        tick(starts_at - DAY + hours * HOUR)
    tick(starts_at + 13 * DAY)

    assert len(told("moved")) == 6
    assert len(told("reminder")) == 4
    assert broken(starts_at + 13 * DAY) == []


def test_a_reminder_half_sent_is_given_again_to_all(settings):
    settings.DELIVERY_BATCH_SIZE = 1
    campaign = campaign_of(ANNOUNCE, REMINDER)
    starts_at = campaign.window.starts_at
    tick(NOW)
    services.expand_touchpoint(due(starts_at - DAY).to_expand[0][0], now=starts_at - DAY)
    services.deliver_batch(services.store.claim(now=starts_at - DAY), now=starts_at - DAY)

    move(campaign, now=starts_at - DAY + SECOND, by=14 * DAY)
    tick(starts_at - DAY + SECOND)
    tick(starts_at + 13 * DAY)

    assert len(told("moved")) == 2
    assert len(told("reminder")) == 1 + 2
    assert broken(starts_at + 13 * DAY) == []


def test_a_reminder_is_not_given_again_just_behind_the_correction():
    campaign = campaign_of(ANNOUNCE, REMINDER)
    starts_at = campaign.window.starts_at
    tick(NOW)
    tick(starts_at - DAY)

    move(campaign, now=starts_at - DAY + HOUR, by=2 * HOUR)
    for minutes in (0, 60, 120):
        tick(starts_at - DAY + HOUR + minutes * MINUTE)

    assert len(told("reminder")) == 2


@pytest.mark.parametrize("deed", ["cancel", "move"])
def test_who_may_have_heard_is_corrected_although_a_repeat_was_waiting(deed):
    campaign = campaign_of({**ANNOUNCE, "urgency": Urgency.URGENT}, people=1)
    services.expand_touchpoint(due(NOW).to_expand[0][0], now=NOW)
    MemoryTransport.fail_next(LOST, DOWN)
    batch = services.store.claim(now=NOW)
    services.deliver_batch(batch, now=NOW)  # no answer: it may have arrived
    assert list(Delivery.objects.values_list("state", "reason")) == [("pending", "repeated")]

    if deed == "cancel":
        campaigns.cancel(campaign, reason="Off.", actor=None, now=NOW + SECOND)
    else:
        move(campaign, now=NOW + SECOND)
    MemoryTransport.reset()
    for second in (1, 5, 20, 1200):
        tick(NOW + second * SECOND)

    assert len(told("cancelled" if deed == "cancel" else "moved")) == 1
    assert told("announce") == []
    assert broken(NOW + 1200 * SECOND) == []


def test_an_sms_that_corrects_at_night_waits_for_the_morning():
    campaign = campaign_of(ANNOUNCE, kind=ChannelKind.MEMORY)
    Touchpoint.objects.filter(campaign=campaign).update(state="planned")
    tick(NOW)
    campaign.touchpoints.first().channel.__class__.objects.update(kind=ChannelKind.SMS)
    night = NOW.replace(hour=22)  # 23:00 in Paris

    move(campaign, now=night)
    services.expand_touchpoint(due(night).to_expand[0][0], now=night)

    batch = Touchpoint.objects.get(step_key="correction").batches.get()
    assert batch.not_before == NOW.replace(hour=7) + DAY  # 08:00 in Paris


def test_who_expected_the_work_tonight_hears_of_the_move_urgently():
    campaign = campaign_of(ANNOUNCE)
    tick(NOW)

    move(campaign, now=campaign.window.starts_at - 2 * HOUR, by=14 * DAY)

    assert Touchpoint.objects.get(step_key="correction").urgency == Urgency.URGENT


def test_nothing_says_that_work_goes_on_once_it_is_over():
    campaign = campaign_of(ANNOUNCE, UPDATE, COMPLETED, duration=5 * HOUR)
    starts_at = campaign.window.starts_at
    tick(NOW)
    live(campaign, starts_at + HOUR, since=starts_at)
    late = starts_at + 2 * HOUR
    MemoryTransport.fail_next(DOWN)
    tick(late)  # the update cannot leave just now
    MemoryTransport.fail_next(DOWN, DOWN)
    extend(campaign, starts_at + 8 * HOUR, now=late + SECOND)
    tick(late + SECOND)  # nor can it with the new times, nor the correction

    complete(campaign, now=late + 5 * SECOND)
    for minutes in range(20):
        tick(late + 5 * SECOND + minutes * MINUTE)

    assert told("update") == told("extended") == []
    assert len(told("completed")) == 2
    assert broken(late + 20 * MINUTE) == []


def test_nothing_says_that_work_will_begin_once_it_has_begun():
    campaign = campaign_of(ANNOUNCE, LAST_CALL)
    starts_at = campaign.window.starts_at
    tick(NOW)
    MemoryTransport.fail_next(DOWN)
    tick(starts_at - HOUR)

    campaigns.start(campaign, actor=None, now=starts_at - HOUR + 5 * SECOND)
    for minutes in range(20):
        tick(starts_at - HOUR + 5 * SECOND + minutes * MINUTE)

    assert told("last-call") == []
    assert rows("t-1h") == [("skipped", "started_early")]


def test_an_announcement_that_nobody_was_there_for_is_not_missed_later():
    campaign = campaign_of(ANNOUNCE, people=0)
    tick(NOW)
    assert rows("announce") == [("skipped", "nobody")]

    campaigns.start_due_windows(campaign.window.starts_at)
    tick(campaign.window.starts_at)

    assert rows("announce") == [("skipped", "nobody")]


def test_a_channel_switched_on_again_speaks_again():
    campaign = campaign_of(ANNOUNCE, REMINDER, COMPLETED)
    tick(NOW)
    channel = campaign.touchpoints.first().channel
    channel.is_enabled = False
    channel.save()
    move(campaign, now=NOW + HOUR)
    assert rows("t-24h") == [("skipped", "channel_disabled")]
    channel.is_enabled = True
    channel.save()

    assert campaigns.replan_enabled(NOW + 2 * HOUR) == 1
    assert campaigns.replan_enabled(NOW + 2 * HOUR) == 0

    assert rows("t-24h") == [("planned", "")]
    assert rows("completed") == [("held", "awaits_completion")]


def test_who_was_archived_meanwhile_is_not_written_to():
    campaign_of(ANNOUNCE)
    services.expand_touchpoint(due(NOW).to_expand[0][0], now=NOW)
    gone = Delivery.objects.first()
    gone.contact.archived_at = NOW
    gone.contact.save()

    tick(NOW)

    assert told("announce") == sorted(Delivery.objects.exclude(pk=gone.pk).values_list("address", flat=True))
    gone.refresh_from_db()
    assert (gone.state, gone.reason) == ("suppressed", "archived")


def test_what_left_is_on_record_although_the_claim_and_the_journal_were_lost(monkeypatch):
    campaign_of(ANNOUNCE, people=1)
    services.expand_touchpoint(due(NOW).to_expand[0][0], now=NOW)
    batch = services.store.claim(now=NOW)

    hand_over = MemoryTransport.hand_over

    def lose_everything(self, message, gate):
        name = hand_over(self, message, gate)
        services.reap(NOW + HOUR)  # without a journal: in doubt
        return name

    monkeypatch.setattr(MemoryTransport, "hand_over", lose_everything)
    services.deliver_batch(batch, now=NOW)

    assert len(told("announce")) == 1
    assert list(Delivery.objects.values_list("state", flat=True)) == ["sent"]


def test_a_correction_waits_for_its_channel_to_be_switched_on_again():
    campaign = campaign_of(ANNOUNCE)
    tick(NOW)
    channel = campaign.touchpoints.first().channel
    channel.is_enabled = False
    channel.save()
    move(campaign, now=NOW + HOUR)
    tick(NOW + HOUR)
    channel.is_enabled = True
    channel.save()
    tick(NOW + 2 * HOUR)

    assert len(told("moved")) == 2
