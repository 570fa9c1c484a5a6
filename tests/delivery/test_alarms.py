"""The owner hears in time that a promised word is missing: once for each silence, by their own channel."""

from datetime import timedelta

import pytest

from apps.accounts.models import AuditEvent
from apps.campaigns.models import Anchor
from apps.channels.messages import TransportError
from apps.channels.models import ChannelKind
from apps.channels.transports.memory import MemoryTransport
from apps.delivery import alarms
from apps.delivery.models import Alarm, AlarmWay
from tests.factories import (
    HOUR,
    NOW,
    make_campaign,
    make_channel,
    make_playbook,
    make_step,
    make_touchpoint,
    make_user,
    make_window,
)

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def ana():
    return make_user(first_name="Ana", email="ana@example.org", time_zone="Europe/Paris")


@pytest.fixture
def outbox():
    MemoryTransport.outbox.clear()
    return MemoryTransport.outbox


def watch(at, **fields):
    return alarms.watch(clock=lambda: at, goes_on=lambda now: True, **fields)


def running(owner, *, begun=3 * HOUR, left=1 * HOUR, **fields):
    """Work of four hours by the plan, whose last word was that it has begun; then nothing more was planned."""
    window = make_window(
        starts_at=NOW - begun,
        ends_at=NOW + left,
        announced_ends_at=NOW + left + HOUR,
        actual_started_at=NOW - begun,
        status="in_progress",
    )
    campaign = make_campaign(window=window, owner=owner, **fields)
    make_touchpoint(campaign=campaign, state="sent", due_at=NOW - begun, first_sent_at=NOW - begun)
    return campaign


def by_memory(user):
    channel = make_channel(ChannelKind.MEMORY, name="Pager")
    return AlarmWay.objects.create(user=user, channel=channel, address="ana@pager.example.org")


def update_of(campaign, **fields):
    step = make_step(make_playbook(), key="update", anchor=Anchor.DURING)
    return make_touchpoint(campaign=campaign, step=step, step_key="update", **fields)


def test_owner_is_alarmed_when_nothing_will_be_said_in_time(ana, outbox):
    running(ana, begun=2 * HOUR)  # every two hours: now
    by_memory(ana)

    assert watch(NOW) == 1

    (message,) = outbox
    assert message.address == "ana@pager.example.org"
    assert "Database upgrade" in message.subject
    assert "/live/" in message.text


def test_one_silence_is_one_alarm(ana, outbox):
    running(ana)
    by_memory(ana)
    watch(NOW)

    assert watch(NOW + HOUR) == 0
    assert len(outbox) == 1


def test_another_silence_is_another_alarm(ana, outbox):
    campaign = running(ana)
    by_memory(ana)
    watch(NOW)
    make_touchpoint(campaign=campaign, state="sent", due_at=NOW, first_sent_at=NOW + MINUTE)
    watch(NOW + 3 * HOUR)

    assert len(outbox) == 2


def test_nobody_is_alarmed_while_the_next_update_leaves_by_itself(ana):
    campaign = running(ana)
    update_of(campaign, due_at=NOW + 5 * MINUTE)
    watch(NOW)

    assert not Alarm.objects.exists()


def test_a_held_update_alarms_ahead_of_its_time(ana):
    campaign = running(ana, begun=HOUR)
    update_of(campaign, due_at=NOW + 30 * MINUTE, paused_at=NOW - HOUR)
    watch(NOW)
    assert not Alarm.objects.exists()

    watch(NOW + 21 * MINUTE)
    assert Alarm.objects.get().promised_by == NOW + 30 * MINUTE


def test_the_owner_of_the_update_is_alarmed_before_that_of_the_campaign(ana):
    ben = make_user(first_name="Ben")
    campaign = running(ana, begun=HOUR)
    update = update_of(campaign, due_at=NOW, paused_at=NOW - HOUR)
    step = update.step
    step.owner, step.segment, step.channel = ben, update.segment, update.channel
    step.save()
    watch(NOW)

    assert Alarm.objects.get().user == ben


def test_work_of_which_nobody_has_heard_promises_nothing(ana):
    window = make_window(starts_at=NOW - 9 * HOUR, actual_started_at=NOW - 9 * HOUR, status="in_progress")
    make_campaign(window=window, owner=ana)
    watch(NOW)

    assert not Alarm.objects.exists()


@pytest.mark.parametrize("status", ["scheduled", "completed", "cancelled"])
def test_only_work_under_way_has_promises(ana, status):
    campaign = running(ana)
    campaign.window.status = status
    campaign.window.actual_ended_at = NOW if status == "completed" else None
    campaign.window.save()
    watch(NOW)

    assert not Alarm.objects.exists()


def test_a_word_said_meanwhile_spares_the_alarm(ana, outbox, monkeypatch):
    campaign = running(ana)
    by_memory(ana)
    monkeypatch.setattr(alarms, "transmit", _refusing(TransportError("away", permanent=False)))
    watch(NOW)
    make_touchpoint(campaign=campaign, state="sent", due_at=NOW, first_sent_at=NOW + MINUTE)
    watch(NOW + 2 * MINUTE)

    assert Alarm.objects.get().state == "spared"


def _refusing(error):
    def refuse(way, message):
        raise error

    return refuse


def test_a_provider_that_is_away_is_tried_again_and_then_given_up(ana, monkeypatch):
    running(ana)
    by_memory(ana)
    monkeypatch.setattr(alarms, "transmit", _refusing(TransportError("away", permanent=False)))
    for minute in range(0, 60, 5):
        watch(NOW + minute * MINUTE)

    alarm = Alarm.objects.get()
    assert (alarm.state, alarm.attempts, alarm.error) == ("failed", len(alarms.PAUSES) + 1, "away")


def test_an_alarm_whose_sender_died_is_taken_over(ana, outbox):
    running(ana)
    by_memory(ana)
    alarms.raise_alarms(NOW)
    Alarm.objects.update(state="sending", attempts=1, next_at=NOW + 2 * MINUTE)

    assert watch(NOW + MINUTE) == 0
    assert watch(NOW + 2 * MINUTE) == 1


def test_two_who_see_it_send_one(ana, outbox):
    running(ana)
    by_memory(ana)
    alarms.raise_alarms(NOW)
    pk = Alarm.objects.get().pk
    assert [alarms._send(pk, now=NOW), alarms._send(pk, now=NOW)] == [True, False]


@pytest.mark.parametrize("paused", ["campaign", "the channel it goes by"])
def test_what_is_paused_for_recipients_holds_no_alarm_back(ana, outbox, paused):
    way, campaign = by_memory(ana), running(ana)
    row = campaign if paused == "campaign" else way.channel
    row.paused_at = NOW
    row.save()

    assert watch(NOW) == 1


def test_an_alarm_waits_for_nobody_who_may_not_go_on(ana, outbox):
    running(ana)
    by_memory(ana)

    assert alarms.watch(clock=lambda: NOW, goes_on=lambda now: False) == 0
    assert not Alarm.objects.exists()


def test_each_alarm_is_taken_in_hand_at_its_own_time(ana, outbox):
    by_memory(ana)
    for _ in range(2):
        running(ana)
    ticks = (NOW + minute * MINUTE for minute in range(9))

    assert alarms.watch(clock=lambda: next(ticks), goes_on=lambda now: True) == 2
    assert list(Alarm.objects.order_by("sent_at").values_list("sent_at", flat=True)) == [NOW + MINUTE, NOW + 2 * MINUTE]


def test_without_an_owner_the_alarm_says_so(outbox):
    running(None)
    watch(NOW)

    assert "no owner" in Alarm.objects.get().error


def test_by_default_it_is_an_e_mail_to_the_account(ana):
    make_channel(ChannelKind.EMAIL, name="E-mail")

    way = alarms.way_of(ana)
    assert (way.channel.name, way.address) == ("E-mail", "ana@example.org")


def test_an_alarm_that_comes_late_says_by_how_much(ana, outbox):
    running(ana, begun=3 * HOUR)  # promised an hour ago
    by_memory(ana)
    watch(NOW)

    assert "1 hour past its time" in outbox[0].subject


def test_alarm_speaks_the_language_of_its_reader(ana, outbox):
    ana.language = "fr"
    ana.save()
    running(ana)
    by_memory(ana)
    watch(NOW)

    assert "mars 2026" in outbox[0].text


def test_alarms_stand_in_the_trail(ana, outbox):
    campaign = running(ana)
    by_memory(ana)
    watch(NOW)

    assert AuditEvent.objects.get(verb="campaign.alarmed").subject_id == str(campaign.pk)
