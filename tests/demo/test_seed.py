from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import transaction

from apps.accounts.models import User
from apps.audiences.models import Contact
from apps.campaigns.builtin.loading import load_builtin
from apps.campaigns.models import Touchpoint, TouchpointState
from apps.common.tokens import token_hash
from apps.delivery.invariants import INVARIANTS
from apps.publishing.models import Feed
from apps.tracking.models import Event, Ticket
from apps.windows.models import MaintenanceWindow, WindowStatus
from demo.seed import story, windows

NOW = datetime(2026, 3, 4, 15, 30, tzinfo=UTC)  # a Wednesday
pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def planner(django_db_setup: None, django_db_blocker: "pytest.FixtureRequest") -> Iterator[User]:
    """The whole seed, made once for this file and taken back at its end."""
    with django_db_blocker.unblock(), transaction.atomic():  # type: ignore[attr-defined]
        load_builtin(now=NOW)
        yield story.prepare(now=NOW)
        transaction.set_rollback(True)


def window(script: windows.Script) -> MaintenanceWindow:
    return MaintenanceWindow.objects.get(title=script.title)


def test_five_hundred_people_in_many_zones_and_both_languages(planner: User) -> None:
    people = Contact.objects.all()
    assert people.count() == 500
    assert len(set(people.values_list("time_zone", flat=True))) >= 8
    assert set(people.values_list("language", flat=True)) == {"en", "fr"}
    assert people.filter(email="").count() == 12


def test_the_ledger_of_what_was_sent_is_sound(planner: User) -> None:
    assert not [invariant.name for invariant in INVARIANTS if list(invariant.offenders(NOW))]


def test_the_finished_window_was_extended_and_completed(planner: User) -> None:
    finished = window(windows.FINISHED)
    assert finished.status == WindowStatus.COMPLETED
    assert [row.change for row in finished.revisions.all()] == ["scheduled", "started", "extended", "verifying", "completed"]


def test_nothing_of_the_finished_window_waits(planner: User) -> None:
    states = Touchpoint.objects.filter(campaign__window=window(windows.FINISHED)).values_list("state", flat=True)
    assert set(states) == {TouchpointState.SENT, TouchpointState.SKIPPED}


def test_people_machines_and_prefetches_have_opened(planner: User) -> None:
    opens = Event.objects.filter(delivery__touchpoint__campaign__window=window(windows.FINISHED), type="opened")
    assert set(opens.values_list("verdict", flat=True)) >= {"human", "machine", "prefetch"}


def test_tickets_have_eight_weeks_before_the_finished_window(planner: User) -> None:
    began_at = window(windows.FINISHED).starts_at
    assert Ticket.objects.filter(opened_at__range=(began_at - timedelta(weeks=8, days=1), began_at - timedelta(weeks=8))).exists()
    assert Ticket.objects.filter(campaign__window=window(windows.FINISHED)).count() > 10


def test_one_runs_now_and_one_comes_in_nine_days(planner: User) -> None:
    assert window(windows.RUNNING).status == WindowStatus.IN_PROGRESS
    assert window(windows.PLANNED).status == WindowStatus.SCHEDULED
    assert timedelta(days=8) < window(windows.PLANNED).starts_at - NOW < timedelta(days=10)


def test_a_second_start_adds_nothing(planner: User) -> None:
    before = MaintenanceWindow.objects.count(), Contact.objects.count(), Event.objects.count()
    story.prepare(now=NOW + timedelta(minutes=5))
    assert (MaintenanceWindow.objects.count(), Contact.objects.count(), Event.objects.count()) == before


def test_a_start_in_the_next_week_has_a_window_that_runs_then(planner: User) -> None:
    later = NOW + timedelta(days=6)
    story.prepare(now=later)
    running = MaintenanceWindow.objects.filter(title=windows.RUNNING.title)
    assert [row.status for row in running.order_by("starts_at")] == [WindowStatus.COMPLETED, WindowStatus.IN_PROGRESS]


def test_each_start_has_a_campaign_that_begins_in_three_minutes(planner: User, tmp_path: Path) -> None:
    told = [story.release(planner, folder=tmp_path, now=NOW + timedelta(minutes=minutes)) for minutes in (0, 10)]
    assert [datetime.fromisoformat(row["starts_at"]) - NOW for row in told] == [timedelta(minutes=3), timedelta(minutes=13)]


def test_the_calendar_keeps_its_address(planner: User, tmp_path: Path) -> None:
    told = [story.release(planner, folder=tmp_path, now=NOW) for _ in range(2)]
    assert told[0]["feed"] == told[1]["feed"]
    token = (tmp_path / "feed-token").read_text()
    assert Feed.objects.filter(token_hash=token_hash(token)).exists()


def test_each_role_has_one_of_the_team(planner: User) -> None:
    roles = {user.username: [group.name for group in user.groups.all()] for user in User.objects.exclude(pk=planner.pk)}
    assert roles == {"clara": ["planner"], "ben": ["approver"], "dan": ["viewer"], "erin": ["administrator"]}
