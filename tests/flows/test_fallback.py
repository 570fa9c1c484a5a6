"""Those whom a moment's channel could not reach for certain hear of it by the second one, and nobody else does."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail

from apps.audiences.models import Suppression
from apps.campaigns import services as campaigns
from apps.campaigns.board import campaign_board
from apps.campaigns.models import Anchor, Audience, Reason, Touchpoint
from apps.campaigns.services import replan
from apps.channels.messages import Phase, TransportError
from apps.channels.models import Channel
from apps.channels.transports.memory import MemoryTransport
from apps.delivery import journal, services
from apps.delivery.models import Batch, Delivery
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

from .test_engine import broken, move, tick

pytestmark = pytest.mark.django_db
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _quiet(monkeypatch):
    MemoryTransport.reset()
    monkeypatch.setattr(journal, "_away_until", float("inf"))
    yield
    MemoryTransport.reset()


def refused(**fields):
    return TransportError("554 no", permanent=True, **fields)


def lost():
    return TransportError("reset", permanent=False, phase=Phase.AFTER)


def down():
    return TransportError("no connection", permanent=False, channel_down=True)


def campaign(people=3, *, kind="memory", second="memory", further=(), **step):
    """Announced at once by the first channel, otherwise by the second."""
    for key in ("announce", "reminder", "moved", "extended", "cancelled"):
        make_template(content_key=key, subject=key)
    for _ in range(people):
        make_contact(phone="+33612345678")
    playbook, segment = make_playbook(), make_segment()
    channels = {"channel": make_channel(kind, name="First"), "fallback_channel": make_channel(second, name="Second")}
    make_step(playbook, segment=segment, **(channels | {"useful_for": DAY} | step))
    for fields in further:
        make_step(playbook, segment=segment, **(channels | fields))
    window = make_window(status="draft", revision=0, scheduled_at=None, starts_at=NOW + 30 * DAY)
    opened = campaigns.open_campaign(window, playbook=playbook, owner=None, actor=None, now=NOW)
    return campaigns.release(opened, actor=None, now=NOW)


def by(name, **fields):
    """States of the deliveries by the channel of this name."""
    rows = Delivery.objects.filter(touchpoint__channel__name=name, **fields)
    return sorted(rows.values_list("state", flat=True))


def second(**fields):
    return Touchpoint.objects.get(audience=Audience.FAILED, **fields)


def test_who_is_refused_for_good_is_told_by_the_second_channel():
    campaign()
    MemoryTransport.fail_next(None, refused())

    tick(NOW)
    tick(NOW + SECOND)

    assert by("First") == ["failed", "sent", "sent"]
    assert by("Second") == ["sent"]
    failed = Delivery.objects.get(state="failed").contact
    assert Delivery.objects.get(touchpoint__channel__name="Second").contact == failed
    assert second().state == "sent"
    assert broken(NOW + 2 * SECOND) == []


def test_without_a_failure_there_is_no_second_touchpoint():
    campaign()

    tick(NOW)
    tick(NOW + SECOND)

    assert not Touchpoint.objects.filter(audience=Audience.FAILED).exists()


def test_it_is_taken_over_once_however_often_one_looks():
    campaign(1)
    MemoryTransport.fail_next(refused())
    tick(NOW)

    assert [services.send_fallbacks(NOW + SECOND) for _ in range(3)] == [0, 0, 0]  # the first look was the tick's

    assert Delivery.objects.filter(touchpoint=second()).count() == 1


def test_what_may_have_arrived_is_never_told_by_the_second_channel():
    campaign(1)
    MemoryTransport.fail_next(lost())

    tick(NOW)
    tick(NOW + MINUTE)
    assert by("First") == ["in_doubt"]
    tick(NOW + 20 * MINUTE)

    assert by("First") == ["unknown"]
    assert by("Second") == []


def test_a_doubt_that_a_bounce_settles_is_taken_over():
    campaign(1)
    MemoryTransport.fail_next(lost())
    tick(NOW)
    tick(NOW + 20 * MINUTE)

    services.record_evidence(Delivery.objects.get(), outcome="failed", reason="bounced", now=NOW + HOUR)
    tick(NOW + HOUR)
    tick(NOW + HOUR + SECOND)

    assert by("Second") == ["sent"]


def test_a_late_bounce_joins_those_already_told():
    campaign(3)
    MemoryTransport.fail_next(refused())
    tick(NOW)
    tick(NOW + SECOND)
    assert second().state == "sent"

    bounced = Delivery.objects.filter(touchpoint__channel__name="First", state="sent").first()
    services.record_evidence(bounced, outcome="failed", reason="bounced", now=NOW + HOUR)
    tick(NOW + HOUR)
    tick(NOW + HOUR + SECOND)

    assert by("Second") == ["sent", "sent"]
    assert second().expansions.get().recipients == 2
    assert broken(NOW + HOUR + MINUTE) == []


def test_a_bounce_past_its_use_is_left_alone():
    campaign(1)
    tick(NOW)

    services.record_evidence(Delivery.objects.get(), outcome="failed", reason="bounced", now=NOW + 25 * HOUR)
    tick(NOW + 25 * HOUR)

    assert by("Second") == []


@pytest.mark.parametrize(
    ("reason", "taken_over"), [("hard_bounce", True), ("unsubscribed", False), ("complaint", False), ("manual", False)]
)
def test_a_dead_address_is_taken_over_and_a_wish_is_respected(reason, taken_over):
    campaign(0, kind="email", second="sms")
    someone = make_contact(phone="+33612345678")
    Suppression.objects.create(kind="email", address=someone.email, reason=reason)

    tick(NOW)

    assert by("First") == ["suppressed"]
    assert by("Second") == (["pending"] if taken_over else [])  # the channel of this test has no account


def test_who_has_no_address_is_told_by_the_second_channel_and_not_before_its_time():
    reminder = {"key": "t-7d", "anchor": Anchor.START, "offset_days": -7, "content_key": "reminder"}
    opened = campaign(0, kind="email", further=[reminder])
    make_contact(email="", phone="+33612345678")
    due_at = opened.touchpoints.get(step_key="t-7d").due_at

    tick(due_at - 5 * MINUTE)
    assert by("First", touchpoint__step_key="t-7d") == ["suppressed"]
    assert by("Second", touchpoint__step_key="t-7d") == []
    tick(due_at)
    tick(due_at + SECOND)

    assert by("Second", touchpoint__step_key="t-7d") == ["sent"]
    assert mail.outbox == []


def test_a_moment_that_the_second_channel_says_anyway_needs_no_second_touchpoint():
    opened = campaign(2)
    own = Channel.objects.get(name="Second")
    step = opened.playbook.steps.get()
    make_step(opened.playbook, segment=step.segment, channel=own, useful_for=DAY)
    replan(opened, now=NOW)
    MemoryTransport.fail_next(refused(), refused())

    tick(NOW)
    tick(NOW + SECOND)

    assert not Touchpoint.objects.filter(audience=Audience.FAILED).exists()
    assert Delivery.objects.filter(touchpoint__channel=own).count() == 2


def test_a_channel_that_is_switched_off_stands_in_for_none():
    campaign(1)
    Channel.objects.filter(name="Second").update(is_enabled=False)
    MemoryTransport.fail_next(refused())

    tick(NOW)
    tick(NOW + SECOND)
    assert by("Second") == []
    Channel.objects.filter(name="Second").update(is_enabled=True)
    tick(NOW + MINUTE)
    tick(NOW + 2 * MINUTE)

    assert by("Second") == ["sent"]


def test_who_fails_by_both_is_not_tried_for_ever():
    campaign(1)
    MemoryTransport.fail_next(refused(), refused())

    for second_ in range(4):
        tick(NOW + second_ * SECOND)

    assert (by("First"), by("Second")) == (["failed"], ["failed"])
    assert second().state == "sent"
    assert broken(NOW + MINUTE) == []


def test_corrections_go_by_the_channel_that_told():
    opened = campaign(3)
    MemoryTransport.fail_next(refused())
    tick(NOW)
    tick(NOW + SECOND)

    move(opened, now=NOW + HOUR)
    tick(NOW + HOUR)
    tick(NOW + HOUR + SECOND)

    assert by("First", touchpoint__step_key="correction") == ["sent", "sent"]
    assert by("Second", touchpoint__step_key="correction") == ["sent"]
    everybody = Delivery.objects.filter(touchpoint__step_key="correction").values_list("contact", flat=True)
    assert len(set(everybody)) == 3
    assert broken(NOW + HOUR + MINUTE) == []


def waiting():
    """One person has failed by the first channel, and the second cannot send just now."""
    opened = campaign(2)
    MemoryTransport.fail_next(refused(), None, down())
    tick(NOW)
    tick(NOW + SECOND)
    assert by("Second") == ["pending"]
    return opened


def test_a_move_stops_what_waits_and_it_would_not_be_true_any_more():
    opened = waiting()

    move(opened, now=NOW + 5 * SECOND)
    tick(NOW + 6 * SECOND)
    tick(NOW + MINUTE)

    assert by("Second", touchpoint__audience=Audience.FAILED) == ["superseded"]
    assert (second().state, second().reason) == ("skipped", Reason.FALLBACK_STOPPED)
    assert broken(NOW + 2 * MINUTE) == []


def test_a_cancelled_window_stops_what_waits():
    opened = waiting()

    campaigns.cancel(opened, reason="Not needed.", actor=None, now=NOW + 5 * SECOND)
    tick(NOW + 6 * SECOND)
    tick(NOW + MINUTE)

    assert by("Second") == ["cancelled"]
    assert broken(NOW + 2 * MINUTE) == []


def test_a_mere_replanning_does_not_disturb_it():
    opened = waiting()

    replan(opened, now=NOW + 5 * SECOND)
    tick(NOW + MINUTE)

    assert by("Second") == ["sent"]


def test_a_reminder_is_not_taken_over_once_the_work_has_begun():
    reminder = {
        "key": "t-1h",
        "anchor": Anchor.START,
        "offset": -HOUR,
        "content_key": "reminder",
        "useful_for": 2 * HOUR,
    }
    opened = campaign(1, further=[reminder])
    due_at = opened.window.starts_at - HOUR
    tick(due_at)
    opened.window.refresh_from_db()
    campaigns.start(opened, actor=None, now=due_at + MINUTE)

    told = Delivery.objects.get(touchpoint__step_key="t-1h")
    services.record_evidence(told, outcome="failed", reason="bounced", now=due_at + 2 * MINUTE)
    tick(due_at + 2 * MINUTE)

    assert by("Second", touchpoint__step_key="t-1h") == []


def test_the_second_channel_keeps_its_quiet_hours():
    night = datetime(2026, 3, 4, 22, 0, tzinfo=UTC)  # 23:00 in Paris
    opened = campaign(1, second="sms", useful_for=2 * DAY)
    tick(NOW)
    services.record_evidence(Delivery.objects.get(), outcome="failed", reason="bounced", now=night - DAY)
    Touchpoint.objects.update(useful_until=night + DAY)

    services.send_fallbacks(night)

    assert Batch.objects.get(channel__kind="sms").not_before == datetime(2026, 3, 5, 7, 0, tzinfo=UTC)
    assert opened.touchpoints.count() == 2


def test_who_was_told_by_the_second_channel_is_not_retried_by_the_first():
    campaign(1)
    tick(NOW)
    Delivery.objects.update(state="failed", reason="attempts_used_up")
    Touchpoint.objects.update(state="sending", settled_at=None)
    now = NOW + MINUTE
    failed = Delivery.objects.get()
    assert Delivery.objects.filter(services.may_retry(now=now), pk=failed.pk).exists()

    tick(now)
    Touchpoint.objects.filter(pk=failed.touchpoint_id).update(state="sending", settled_at=None)

    assert by("Second") != []
    assert not services.retry_delivery(failed, actor=None, now=now)


def test_who_was_told_by_the_second_channel_hears_the_moment_no_second_time_when_it_is_planned_anew():
    opened = campaign(2)
    MemoryTransport.fail_next(refused(), down())
    tick(NOW)
    tick(NOW + SECOND)
    assert (by("First"), by("Second")) == (["failed", "pending"], ["sent"])

    move(opened, now=NOW + 5 * SECOND)
    for minute in range(3):
        tick(NOW + 10 * SECOND + minute * MINUTE)

    unreached = Delivery.objects.get(touchpoint__audience=Audience.FAILED).contact
    assert by("First", touchpoint__step_key="announce", state="sent") == ["sent"]
    assert by("Second", contact=unreached) == ["sent", "sent"]  # and the correction
    assert by("First", contact=unreached) == ["failed"]
    assert broken(NOW + HOUR) == []


def test_the_board_says_who_is_told_otherwise():
    opened = campaign(1)
    MemoryTransport.fail_next(refused())
    tick(NOW)

    first, instead = (cell.spot for cell in campaign_board(opened).cells)

    assert (first.otherwise, first.instead_of) == ("Second", "")
    assert (instead.otherwise, instead.instead_of) == ("", "First")


def test_a_bounce_of_what_was_moved_since_is_left_alone():
    opened = campaign(1)
    tick(NOW)
    told = Delivery.objects.get()
    move(opened, now=NOW + MINUTE)
    move(opened, now=NOW + 2 * MINUTE, by=-DAY)

    services.record_evidence(told, outcome="failed", reason="bounced", now=NOW + HOUR)
    tick(NOW + HOUR)

    assert by("Second") == []
    assert broken(NOW + HOUR + MINUTE) == []


def test_with_nothing_that_failed_a_look_is_one_question(django_assert_num_queries):
    campaign(2)
    tick(NOW)

    with django_assert_num_queries(1):
        assert services.send_fallbacks(NOW + HOUR) == 0


def test_with_nothing_new_nobody_is_looked_through(monkeypatch):
    campaign(2)
    MemoryTransport.fail_next(refused())
    tick(NOW)
    tick(NOW + SECOND)
    Touchpoint.objects.filter(audience=Audience.FAILED).update(expanded_at=NOW + SECOND)  # the clock of a test stands still
    monkeypatch.setattr("apps.delivery.fallback.unreached", None)

    assert services.send_fallbacks(NOW + HOUR) == 0
