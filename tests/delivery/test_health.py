from datetime import timedelta

import pytest
from django.db import OperationalError
from django.urls import reverse
from django.utils import timezone

from apps.delivery import health, tasks
from apps.delivery.circuits import note_standstill
from apps.delivery.models import Circuit, Pulse
from apps.delivery.services import beat_once
from tests.factories import HOUR, NOW, make_batch, make_channel, make_touchpoint, make_window

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


def alive(now=NOW):
    for name in ("beat", "worker"):
        beat_once(name, now=now)


def test_all_is_well_when_both_parts_were_seen_and_nothing_is_late():
    alive()

    found = health.check(now=NOW)

    assert found.problems == ()
    assert (found.worker_seen_at, found.beat_seen_at, found.oldest_due_at) == (NOW, NOW, None)


def test_a_part_not_seen_for_a_minute_is_a_problem():
    alive()

    assert len(health.check(now=NOW + 2 * MINUTE).problems) == 2


def test_an_installation_that_never_ran_has_problems():
    assert len(health.check(now=NOW).problems) == 2


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: make_batch(not_before=NOW), id="a batch"),
        pytest.param(lambda: make_touchpoint(expand_at=NOW), id="a touchpoint to expand"),
        pytest.param(lambda: make_window(starts_at=NOW), id="a window to start"),
    ],
)
def test_the_age_of_the_oldest_due_row_tells_that_nothing_leaves(make):
    make()
    alive(NOW + 5 * MINUTE)

    found = health.check(now=NOW + 5 * MINUTE)

    assert found.oldest_due_at == NOW
    assert found.problems == ("Something has been due for 5 minutes and has not left.",)


def test_what_is_not_due_yet_is_no_problem():
    make_batch(not_before=NOW + HOUR)
    alive()

    assert health.check(now=NOW).oldest_due_at is None


def test_what_waits_its_turn_behind_a_pace_is_no_problem():
    touchpoint = make_touchpoint(channel=make_channel(pace=14), state="sending")
    make_batch(touchpoint, not_before=NOW)
    make_batch(touchpoint, state="done", marked_at=NOW + 5 * MINUTE, done_at=NOW + 5 * MINUTE)

    assert health.check(now=NOW + 5 * MINUTE).oldest_due_at is None
    assert health.check(now=NOW + 7 * MINUTE).oldest_due_at == NOW


def test_what_rests_because_its_provider_asked_for_that_is_no_problem():
    touchpoint = make_touchpoint(state="sending")
    make_batch(touchpoint, not_before=NOW)
    Circuit.objects.create(channel=touchpoint.channel, not_before=NOW + 10 * MINUTE)

    assert health.check(now=NOW + 5 * MINUTE).oldest_due_at is None


def test_a_provider_that_is_away_is_named_with_its_words():
    channel = make_channel(name="Mail")
    make_batch(make_touchpoint(channel=channel, state="due"), not_before=NOW)
    alive(NOW + 5 * MINUTE)
    for _ in range(2):
        note_standstill(channel.pk, text="Cannot connect to the mail server: refused", now=NOW)

    problems = health.check(now=NOW + 5 * MINUTE).problems

    assert problems[1] == (
        "The provider of “Mail” has been away since Monday 2 March 2026, 09:00 (UTC): Cannot connect to the mail server: refused"
    )
    assert "5 minutes" in problems[0]


def test_healthz_is_200_when_well(client):
    alive(timezone.now())

    answer = client.get(reverse("delivery:healthz"))

    assert answer.status_code == 200
    assert answer.json()["ok"]
    assert "no-store" in answer["Cache-Control"]


def test_healthz_is_503_with_the_reasons(client):
    answer = client.get("/healthz")

    assert answer.status_code == 503
    assert len(answer.json()["problems"]) == 2


def test_healthz_survives_a_database_that_is_away(client, monkeypatch):
    def away(*, now):
        raise OperationalError("FATAL: password authentication failed for user secret")

    monkeypatch.setattr(health, "check", away)
    answer = client.get("/healthz")

    assert answer.status_code == 503
    assert "secret" not in answer.content.decode()


def test_healthz_only_answers(client):
    assert client.post("/healthz").status_code == 405


def test_the_workers_pulse_is_written_by_the_task():
    tasks.pulse()

    assert Pulse.objects.get(name="worker").seen_at
