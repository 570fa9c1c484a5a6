"""A rehearsal on the real engine: the clock's hints, a worker's task, and a real mail server."""

from datetime import timedelta

import pytest
from celery.app.task import Task

from apps.campaigns import services as campaigns
from apps.channels.models import ChannelKind
from apps.delivery import beat, direct, tasks
from apps.delivery.beat import DueRowScheduler
from apps.delivery.direct import DirectWork
from apps.delivery.models import Delivery, Link, RehearsalMessage
from apps.delivery.rehearsing import sending
from apps.tracking.models import Event
from config.celery import app
from tests.channels.servers import CLOSE, SmtpServer
from tests.delivery.rehearsed import FIVE_MINUTES, SECOND, drafted, started, states
from tests.factories import DAY, NOW, make_channel

from .test_engine import broken, tick

pytestmark = pytest.mark.django_db
SENDER = "Équipe <maintenance@example.org>"


class Hour:
    """The time of the database, which the test moves."""

    def __init__(self):
        self.now = NOW

    def __call__(self):
        return self.now


@pytest.fixture
def hour(monkeypatch):
    clock = Hour()
    for door in (beat, direct, tasks):
        monkeypatch.setattr(door, "database_now", clock)
    return clock


@pytest.fixture
def server(settings):
    settings.CHANNEL_HOST_ALLOWLIST = ["127.0.0.1"]
    server = SmtpServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def scheduler(monkeypatch, hour, redis_server):
    """The clock; its hints for rehearsals are carried out at once, as an idle worker does."""

    def apply_async(task, *args, kwargs=None, **options):
        if task.name == "delivery.work_rehearsals":
            task.run(**(kwargs or {}))

    monkeypatch.setattr(Task, "apply_async", apply_async)
    monkeypatch.setattr(beat, "close_old_connections", lambda: None)  # the test's own transaction is one
    made = DueRowScheduler(app, lazy=True)
    made.setup_schedule()
    return made


def mail_channel(server):
    config = {"host": "127.0.0.1", "port": server.port, "from_address": SENDER}
    return make_channel(ChannelKind.EMAIL, name="E-mail", config=config)


def beaten(scheduler, hour, *, until, step=SECOND):
    while hour.now <= until:
        scheduler._look_at = 0.0
        scheduler._look()
        hour.now += step


def test_the_clock_brings_the_whole_plan_to_the_planner_in_five_minutes(server, scheduler, hour):
    rehearsal = started(drafted(mail=mail_channel(server)), every_language=True)

    beaten(scheduler, hour, until=NOW + FIVE_MINUTES, step=10 * SECOND)
    sending.sweep_rehearsals(hour.now)

    rehearsal.refresh_from_db()
    assert rehearsal.state == "finished"
    mails = server.messages
    assert {mail["To"] for mail in mails} == {"ana@example.org"}
    assert {mail["From"] for mail in mails} == {SENDER}
    assert [mail["Subject"] for mail in mails] == [
        "[REHEARSAL] announce",
        "[REHEARSAL] annonce",
        "[REHEARSAL] reminder",
        "[REHEARSAL] reminder",
        "[REHEARSAL] SMS: Database upgrade",
        "[REHEARSAL] Team chat: started",
        "[REHEARSAL] completed",
        "[REHEARSAL] completed",
    ]
    for mail in mails:
        assert mail["X-Preavis-Rehearsal"] == str(rehearsal.pk)
        for kind in ("plain", "html"):
            assert "This is a rehearsal." in mail.get_body((kind,)).get_content()
    assert len({mail["Message-ID"] for mail in mails}) == len(mails)
    (answer, *_rest) = rehearsal.messages.values_list("answer", flat=True)
    assert answer == "Q1"  # the mail server's own name for it


def test_what_was_rehearsed_is_sent_to_everybody_afterwards_as_if_nothing_had_been(server, scheduler, hour):
    campaign = drafted(mail=mail_channel(server))
    started(campaign, lasts=timedelta(0))
    beaten(scheduler, hour, until=NOW + SECOND)
    rehearsed = len(server.messages)

    campaigns.release(campaign, actor=None, now=hour.now)
    tick(hour.now)

    assert (rehearsed, len(server.messages)) == (5, 8)
    assert not any("REHEARSAL" in mail["Subject"] for mail in server.messages[rehearsed:])
    assert Delivery.objects.count() == 3
    assert not Event.objects.exists()
    assert set(Link.objects.values_list("touchpoint__campaign", flat=True)) == {campaign.pk}
    assert broken(hour.now) == []
    assert Delivery.objects.filter(touchpoint__due_at__gt=NOW + DAY).count() == 0


def test_a_mail_server_that_hangs_up_in_the_middle_leaves_one_doubt_and_no_double(server, scheduler, hour):
    rehearsal = started(drafted(mail=mail_channel(server)), lasts=timedelta(0))
    server.script["DOT"].append(CLOSE)  # taken, and never answered

    beaten(scheduler, hour, until=NOW + 3 * SECOND)

    assert states(rehearsal) == ["in_doubt", "sent", "sent", "sent", "sent"]
    assert [mail["Subject"] for mail in server.messages].count("[REHEARSAL] announce") == 1


def test_without_redis_the_clock_plays_it_by_itself(server, hour, monkeypatch):
    for part in (direct.witness, direct.bucket, direct.journal):
        monkeypatch.setattr(part, "_away_until", float("inf"))
    rehearsal = started(drafted(mail=mail_channel(server)), lasts=timedelta(0))
    work = DirectWork(takes_notes=lambda: False)

    for _ in range(3):
        work.look()

    assert set(states(rehearsal)) == {"sent"}


def test_nobody_hears_the_clock_and_it_plays_it_by_itself(server, hour, monkeypatch):
    rehearsal = started(drafted(mail=mail_channel(server)), lasts=timedelta(0))
    hour.now = NOW + direct.UNHEARD_AFTER
    work = DirectWork(takes_notes=lambda: True)

    for _ in range(direct.UNHEARD_LOOKS):
        work.look()

    assert set(states(rehearsal)) == {"sent"}
    assert RehearsalMessage.objects.unfinished().count() == 0
