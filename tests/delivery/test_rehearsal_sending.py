"""How the messages of a rehearsal leave: each once, in order, at the pace of its channel, and held against nobody."""

from datetime import timedelta

import pytest

from apps.accounts.models import AuditEvent
from apps.audiences.models import Suppression
from apps.campaigns import services as campaigns
from apps.channels.messages import Phase, TransportError
from apps.channels.models import Channel
from apps.channels.pool import TransportPool
from apps.channels.transports.memory import MemoryTransport
from apps.delivery import guard
from apps.delivery.due import due, oldest_due_at
from apps.delivery.invariants import INVARIANTS
from apps.delivery.models import Circuit, Installation, RehearsalMessage
from apps.delivery.rehearsing import sending
from apps.delivery.rehearsing.sending import LEASE, PATIENCE, mark, rehearse, rehearse_next, settle, sweep_rehearsals
from apps.delivery.steering import pause
from tests.factories import NOW, make_template

from .rehearsed import FIVE_MINUTES, SECOND, drafted, messages, played, started, states, work

pytestmark = pytest.mark.django_db


@pytest.fixture
def refusals(monkeypatch):
    """Errors to be raised one after the other, before the provider takes everything."""
    errors = []
    hand_over = MemoryTransport.hand_over

    def refuse(self, message, gate):
        if errors:
            raise errors.pop(0)
        return hand_over(self, message, gate)

    monkeypatch.setattr(MemoryTransport, "hand_over", refuse)
    return errors


def subjects(outbox):
    return [message.subject for message in outbox]


def test_two_weeks_pass_in_five_minutes(outbox):
    rehearsal = started()

    work(NOW)
    assert subjects(outbox) == ["[REHEARSAL] announce"]
    played(rehearsal)

    assert subjects(outbox) == [
        "[REHEARSAL] announce",
        "[REHEARSAL] reminder",
        "[REHEARSAL] SMS: Database upgrade",
        "[REHEARSAL] Team chat: started",
        "[REHEARSAL] completed",
    ]
    assert {message.address for message in outbox} == {"ana@example.org"}
    assert set(states(rehearsal)) == {"sent"}
    assert rehearsal.state == "finished"


def test_at_once_sends_all_of_it_in_the_order_of_the_plan(outbox):
    started(lasts=timedelta(0))

    assert work(NOW) == 5
    assert [subject.split()[-1] for subject in subjects(outbox)] == ["announce", "reminder", "upgrade", "started", "completed"]


def test_the_end_is_written_down(outbox):
    rehearsal = started()
    played(rehearsal)

    event = AuditEvent.objects.get(verb="rehearsal.finished")
    assert event.detail == {"rehearsal": rehearsal.pk, "sent": 5, "not_sent": 0}


def test_nothing_leaves_before_its_time():
    rehearsal = started()
    work(NOW)

    assert work(messages(rehearsal)[1].due_at - timedelta(milliseconds=1)) == 0


def test_a_message_in_hand_keeps_the_next_of_its_rehearsal_back():
    first, second, *_rest = messages(started(lasts=timedelta(0)))

    assert mark(first, parts=None, now=NOW)
    assert not mark(second, parts=None, now=NOW)
    assert not RehearsalMessage.objects.due(NOW).exists()


def test_a_message_is_marked_once_only():
    (first, *_rest) = messages(started())

    assert [mark(first, parts=None, now=NOW), mark(first, parts=None, now=NOW)] == [True, False]


def test_what_a_dead_worker_had_in_hand_is_in_doubt_and_never_goes_again(outbox):
    rehearsal = started(lasts=timedelta(0))
    mark(messages(rehearsal)[0], parts=None, now=NOW)

    work(NOW + LEASE / 2)
    assert outbox == []
    sweep_rehearsals(NOW + LEASE + SECOND)
    work(NOW + LEASE + 2 * SECOND)

    assert states(rehearsal) == ["in_doubt", "sent", "sent", "sent", "sent"]
    assert len(outbox) == 4


def test_a_worker_that_was_only_slow_still_says_what_became_of_it():
    (first, *_rest) = messages(started())
    mark(first, parts=None, now=NOW)
    sweep_rehearsals(NOW + LEASE + SECOND)

    settle(first, MemoryTransport.accepted(_message(first), "M1"), marked_at=NOW, now=NOW + 2 * LEASE)

    first.refresh_from_db()
    assert (first.state, first.answer) == ("sent", "M1")


def test_a_lost_answer_is_in_doubt(outbox, refusals):
    rehearsal = started(lasts=timedelta(0))
    refusals.append(TransportError("The line broke.", permanent=False, phase=Phase.AFTER))

    work(NOW)

    assert states(rehearsal)[0] == "in_doubt"
    assert len(outbox) == 4


def test_a_refusal_for_now_is_tried_again_and_then_given_up(refusals):
    rehearsal = started()
    refusals += [TransportError("Later.", permanent=False, code="450") for _ in range(3)]

    work(NOW)
    assert (states(rehearsal)[0], messages(rehearsal)[0].answer) == ("waiting", "450 Later.")
    work(NOW + 11 * SECOND)
    work(NOW + 22 * SECOND)

    assert states(rehearsal)[0] == "failed"


def test_a_refusal_for_good_is_kept_in_the_provider_s_words_and_blocks_no_address(refusals):
    rehearsal = started()
    refusals.append(TransportError("No such user.", permanent=True, code="550", bad_address=True))

    work(NOW)

    assert (states(rehearsal)[0], messages(rehearsal)[0].answer) == ("failed", "550 No such user.")
    assert not Suppression.objects.exists()


def test_a_failure_teaches_the_engine_nothing_about_the_channel(refusals):
    started(lasts=timedelta(0))
    refusals += [TransportError("Away.", permanent=False, channel_down=True) for _ in range(5)]

    work(NOW)

    assert not Circuit.objects.filter(failures__gt=0).exists()


def test_a_text_that_cannot_be_written_fails_alone(outbox):
    campaign = drafted()
    make_template(content_key="announce", segment=campaign.playbook.steps.first().segment, body="{% if %}")
    rehearsal = started(campaign, lasts=timedelta(0))

    work(NOW)

    assert states(rehearsal) == ["failed", "sent", "sent", "sent", "sent"]
    assert "announce" in messages(rehearsal)[0].answer


def test_a_bug_in_a_transport_leaves_a_doubt_and_not_a_loop(outbox, refusals):
    rehearsal = started()
    refusals.append(RuntimeError("boom"))

    assert work(NOW) == 1

    assert (states(rehearsal)[0], messages(rehearsal)[0].answer) == ("in_doubt", "RuntimeError('boom')")


@pytest.mark.parametrize("change", [{"paused_at": NOW}, {"is_enabled": False}])
def test_a_channel_that_is_held_back_holds_back_its_messages(outbox, change):
    rehearsal = started(lasts=timedelta(0))
    Channel.objects.filter(name="E-mail").update(**change)

    assert work(NOW) == 0
    sweep_rehearsals(NOW + PATIENCE + SECOND)

    rehearsal.refresh_from_db()
    assert set(states(rehearsal)) == {"expired"}
    assert rehearsal.state == "finished"


def test_a_paused_campaign_can_be_rehearsed(outbox):
    campaign = campaigns.release(drafted(), actor=None, now=NOW)
    assert pause(campaign, reason="", actor=None, now=NOW)

    started(campaign, lasts=timedelta(0))

    assert work(NOW) == 5


def test_a_provider_that_is_away_is_left_alone():
    started(lasts=timedelta(0))
    channel = Channel.objects.get(name="E-mail")
    Circuit.objects.create(channel=channel, state="open", failing_since=NOW, not_before=NOW + SECOND)

    assert work(NOW) == 0
    assert work(NOW + SECOND) == 5


def test_a_halted_installation_sends_nothing_of_it(outbox):
    started(lasts=timedelta(0))
    Installation.objects.create(home="here", halted_at=NOW, halt="moved")

    assert work(NOW) == 0
    assert not rehearse(clock=lambda: NOW, ends=float("inf"))


def test_it_keeps_to_the_pace_of_its_channel(outbox, monkeypatch):
    started(lasts=timedelta(0))
    Channel.objects.filter(name="E-mail").update(pace=0.01)
    asked = []
    monkeypatch.setattr(
        sending.bucket, "take", lambda pk, **terms: asked.append(terms) or sending.bucket.Permits(count=0, wait=90)
    )

    with TransportPool() as pool:
        assert rehearse_next(pool, now=NOW)

    assert outbox == []
    assert asked == [{"wanted": 1, "rate": 0.01, "is_urgent": False}]
    assert RehearsalMessage.objects.order_by("position")[0].due_at == NOW + 90 * SECOND


def test_it_is_counted_nowhere(outbox):
    rehearsal = started(lasts=timedelta(0))

    assert oldest_due_at(NOW + FIVE_MINUTES) is None
    played(rehearsal)

    later = NOW + timedelta(days=1)
    assert [invariant.name for invariant in INVARIANTS if invariant.offenders(later).exists()] == []


def test_the_clock_knows_when_the_next_is_due():
    rehearsal = started()

    assert due(NOW).has_rehearsals
    work(NOW)
    found = due(NOW)
    assert (found.has_rehearsals, found.next_at) == (False, messages(rehearsal)[1].due_at)


def test_a_deleted_channel_ends_what_stood_for_it(outbox):
    rehearsal = started(lasts=timedelta(0))
    RehearsalMessage.objects.filter(channel__name="Team chat").update(channel=None)

    work(NOW)

    assert states(rehearsal) == ["sent", "sent", "sent", "failed", "sent"]


def test_the_guard_is_asked_before_each_message(outbox, monkeypatch):
    started(lasts=timedelta(0))
    answers = iter([True, True, False])
    monkeypatch.setattr(guard, "may_work", lambda now: next(answers))

    assert rehearse(clock=lambda: NOW, ends=float("inf"))

    assert len(outbox) == 2


def _message(row):
    return sending.write(row, at=NOW).message
