from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import AuditEvent
from apps.campaigns.models import Touchpoint
from apps.delivery import guard, halts, health, homes, services, store, tasks, witness
from apps.delivery.expand import Expanded, expand_touchpoint
from apps.delivery.models import Batch, Delivery, Installation
from apps.delivery.policy import Halt, judge
from apps.delivery.steering import Choice
from tests.campaigns.admin_pages import INLINE, signed_in
from tests.factories import DAY, HOUR, NOW, make_contact, make_touchpoint, make_user

from .engine import claimed, expanded, states, work

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
LONG = timedelta(minutes=11)


@pytest.fixture(autouse=True)
def _own_folder(settings, tmp_path):
    settings.VAR_DIR = tmp_path


def lives(*, beats=50, beat_at=NOW, witnessed=50, **fields):
    """An installation whose clock has beaten, and what is known of that outside."""
    row = Installation.objects.create(**({"home": homes.home(), "beats": beats, "beat_at": beat_at} | fields))
    if witnessed is not None:
        witness.remember(row.name, witnessed)
    return row


def why_halted():
    return Installation.objects.get().halt


# --- the rule ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "verdict"),
    [
        pytest.param({}, None, id="all is well"),
        pytest.param({"is_at_home": False}, Halt.MOVED, id="another place, however fresh"),
        pytest.param({"witnessed": 51}, Halt.ROLLED_BACK, id="one beat is missing"),
        pytest.param({"witnessed": 49}, None, id="the clock died between the two writes"),
        pytest.param({"silence": LONG, "is_overdue": True}, None, id="merely off"),
        pytest.param({"silence": LONG, "is_overdue": True, "witnessed": None}, Halt.UNWITNESSED, id="nothing outside"),
        pytest.param({"silence": LONG, "is_overdue": True, "witnessed": 3}, Halt.UNWITNESSED, id="an old witness"),
        pytest.param({"silence": LONG, "is_overdue": True, "witnessed": 42}, None, id="the witness of another clock"),
        pytest.param({"silence": LONG, "witnessed": None}, None, id="nothing is overdue"),
        pytest.param({"silence": 9 * MINUTE, "is_overdue": True, "witnessed": None}, None, id="a short silence"),
    ],
)
def test_what_may_go_on_by_itself(facts, verdict):
    well = {"is_at_home": True, "beats": 50, "witnessed": 50, "silence": MINUTE, "is_overdue": False}

    assert judge(**(well | facts)) == verdict


# --- who asks ---------------------------------------------------------------------------------------------------------


def test_a_first_start_is_not_halted():
    expanded()

    assert guard.may_work(NOW)
    assert guard.clock_may_work(NOW)
    guard.note_beat(NOW)
    assert guard.may_work(NOW)
    assert Installation.objects.get().beats == 1


def test_each_beat_is_kept_in_the_database_and_outside():
    row = lives(beats=7, witnessed=7)

    guard.note_beat(NOW + MINUTE)

    assert Installation.objects.values_list("beats", "beat_at").get() == (8, NOW + MINUTE)
    assert witness.recall(row.name) == 8


def test_redis_is_a_witness_as_well(redis_server, monkeypatch):
    monkeypatch.setattr(witness, "_away_until", 0.0)
    row = lives(beats=7, witnessed=9)
    witness.path().unlink()

    assert witness.recall(row.name) == 9


def test_a_broken_witness_is_none():
    row = lives()
    witness.path().write_text("{", encoding="ascii")

    assert witness.recall(row.name) is None


@pytest.mark.parametrize("asks", [guard.may_work, guard.clock_may_work])
def test_a_database_that_has_moved_is_halted_by_whoever_looks_first(asks):
    lives(home="postgresql 1 2")

    assert not asks(NOW)
    assert why_halted() == Halt.MOVED


@pytest.mark.parametrize("asks", [guard.may_work, guard.clock_may_work])
def test_a_database_that_lost_beats_is_halted_by_whoever_looks_first(asks):
    lives(witnessed=60)

    assert not asks(NOW)
    assert why_halted() == Halt.ROLLED_BACK


def test_a_database_rolled_back_under_a_running_worker_is_halted():
    lives(witnessed=None)
    assert guard.may_work(NOW)

    Installation.objects.update(beats=49)

    assert not guard.may_work(NOW)
    assert why_halted() == Halt.ROLLED_BACK


def test_a_beat_between_two_looks_of_this_process_is_no_fault():
    row = lives(witnessed=51)
    Installation.objects.update(beats=52)  # since `row` was read

    assert not guard._finds_fault(row, NOW, is_overdue=False)


def test_a_machine_that_was_merely_off_goes_on_by_itself():
    expanded()
    lives(beat_at=NOW - HOUR)

    assert not guard.may_work(NOW), "a worker waits for the clock's word"
    assert guard.clock_may_work(NOW)
    assert guard.may_work(NOW)


def test_a_long_silence_without_a_witness_is_halted_when_something_is_overdue():
    expanded()
    lives(beat_at=NOW - HOUR, witnessed=None)

    assert not guard.clock_may_work(NOW)
    assert why_halted() == Halt.UNWITNESSED


def test_a_long_silence_without_a_witness_is_nothing_when_nothing_is_overdue():
    lives(beat_at=NOW - HOUR, witnessed=None)

    assert guard.clock_may_work(NOW)


def test_two_clocks_do_not_disturb_each_other(monkeypatch):
    lives()
    for second in range(1, 30):
        monkeypatch.setattr(guard, "_memory", (first := guard.Memory()) if second % 2 else guard.Memory())
        assert guard.clock_may_work(NOW + timedelta(seconds=second))
        guard.note_beat(NOW + timedelta(seconds=second))
    monkeypatch.setattr(guard, "_memory", first)
    assert guard.clock_may_work(NOW + MINUTE)


def test_a_halt_is_in_the_audit_trail_once():
    lives(home="elsewhere")
    for _ in range(3):
        guard.may_work(NOW)
        guard.clock_may_work(NOW)

    event = AuditEvent.objects.get(verb="installation.halted")
    assert (event.actor, event.detail) == (None, {"reason": "moved"})


# --- what a halt stops ------------------------------------------------------------------------------------------------


def halted(reason=Halt.MOVED, **fields):
    return lives(halted_at=NOW, halt=reason, **fields)


def test_nothing_is_claimed_while_it_is_halted():
    expanded()
    halted()

    assert store.claim(now=NOW) is None


def test_nothing_is_expanded_while_it_is_halted():
    make_contact()
    touchpoint = make_touchpoint()
    halted()

    assert expand_touchpoint(touchpoint.pk, now=NOW) is Expanded.NOT_NOW


def test_what_was_claimed_before_is_not_marked():
    batch = claimed()
    halted()

    assert not store.mark_sending(batch, composed_at=NOW, journal="", now=NOW)
    store.close_refused(batch, now=NOW)
    assert states() == {"pending": 2}


def test_housekeeping_leaves_everything_as_it_stands(monkeypatch):
    halted()
    monkeypatch.setattr(services, "reap", lambda now: pytest.fail("healed"))
    monkeypatch.setattr(tasks, "start_windows", lambda now: pytest.fail("started"))

    tasks.sweep()
    tasks.start_due_windows()


def test_a_halt_ends_nothing_that_was_begun(text):
    batch = claimed()
    assert store.mark_sending(batch, composed_at=NOW, journal="", now=NOW)
    halted()

    assert not store.may_go_on(batch, now=NOW)


# --- a person's word --------------------------------------------------------------------------------------------------


def test_released_it_sends_what_is_overdue(text):
    expanded()
    halted(home="elsewhere")

    assert halts.release(choice=Choice.NOW, actor=None, now=NOW)
    assert guard.clock_may_work(NOW)
    work()

    assert states() == {"sent": 2}


def test_released_it_is_no_witness_of_where_it_came_from():
    before = halted(home="elsewhere")

    halts.release(choice=Choice.NOW, actor=None, now=NOW)

    after = Installation.objects.get()
    assert after.name != before.name
    assert after.home == homes.home()
    assert witness.recall(after.name) == after.beats


def test_released_it_skips_what_is_overdue_where_asked():
    expanded()
    halted()

    assert halts.release(choice=Choice.SKIP, actor=None, now=NOW).skipped == 2

    assert set(Delivery.objects.values_list("state", "reason")) == {("cancelled", "skipped")}


def test_what_is_past_use_by_then_says_that_all_was_halted():
    expanded()
    halted()

    halts.release(choice=Choice.NOW, actor=None, now=NOW + DAY)

    assert set(Touchpoint.objects.values_list("state", "reason")) == {("missed", "halted")}


def test_what_is_paused_stays_paused():
    touchpoint = expanded()
    Touchpoint.objects.update(paused_at=NOW)
    halted()

    halts.release(choice=Choice.SKIP, actor=None, now=NOW)

    assert states() == {"pending": 2}
    touchpoint.refresh_from_db()
    assert touchpoint.paused_at


def test_a_second_release_does_nothing():
    lives()

    assert halts.release(choice=Choice.SKIP, actor=None, now=NOW) is None


def test_a_copy_never_sends():
    expanded()
    lives()

    halts.declare_copy(actor=None, now=NOW)

    assert not guard.clock_may_work(NOW)
    assert store.claim(now=NOW) is None
    assert why_halted() == Halt.COPY


def test_a_copy_may_be_declared_before_its_clock_has_ever_beaten():
    halts.declare_copy(actor=None, now=NOW)

    assert not guard.may_work(NOW)


# --- where people read of it ------------------------------------------------------------------------------------------


def page():
    return reverse("delivery:halt")


def test_health_says_so_and_counts_nothing_as_late():
    expanded()
    halted()

    found = health.check(now=NOW + HOUR)

    assert found.halt.startswith("Nothing is sent: this database has come to another place")
    assert found.halt in found.problems
    assert found.oldest_due_at is None


def test_a_copy_is_no_fault():
    halted(Halt.COPY)

    found = health.check(now=NOW)

    assert "is a copy" in found.halt
    assert found.halt not in found.problems


def test_healthz_says_so(client):
    halted()

    answer = client.get("/healthz")

    assert answer.status_code == 503
    assert answer.json()["is_halted"]


def test_every_page_says_so_and_leads_to_the_decision():
    halted(Halt.ROLLED_BACK)

    text = signed_in().get("/admin/").content.decode()

    assert "this database is older than it has already been" in text
    assert page() in text


def test_the_page_shows_what_is_overdue_and_both_homes():
    expanded(due_at=timezone.now(), now=timezone.now())
    halted(home="postgresql 1 2")

    text = signed_in().get(page()).content.decode()

    assert "<strong>2 messages</strong> should have left by now" in text
    assert "postgresql 1 2" in text
    assert homes.home() in text
    assert not INLINE.search(text)


def test_the_page_releases_as_chosen():
    expanded(due_at=timezone.now(), now=timezone.now())
    halted()

    answer = signed_in().post(page(), {"choice": "skip"}, follow=True)

    assert "2 overdue messages were skipped" in answer.content.decode()
    assert Installation.objects.get().halted_at is None
    assert AuditEvent.objects.get(verb="installation.released").actor.username == "ana"


def test_the_page_declares_a_copy_at_any_time():
    lives()
    client = signed_in()

    assert "This installation sends" in client.get(page()).content.decode()
    answer = client.post(page(), {"_copy": "1"}, follow=True)

    assert "This installation is a copy now" in answer.content.decode()
    assert why_halted() == Halt.COPY


def test_who_may_not_decide_is_refused(client):
    halted()
    planner = make_user(is_staff=True)
    planner.user_permissions.set(Permission.objects.exclude(codename="change_installation"))
    client.force_login(planner)

    assert client.post(page(), {"choice": "now"}).status_code == 403
    assert Batch.objects.count() == 0
