"""Another attempt for what has failed, and for nothing else."""

from datetime import timedelta

import pytest

from apps.accounts.models import AuditEvent
from apps.campaigns.models import Campaign, Touchpoint
from apps.delivery.invariants import INVARIANTS
from apps.delivery.models import Delivery
from apps.delivery.retrying import retry_failed, retryable, still_of_use
from apps.windows.models import MaintenanceWindow
from tests.factories import NOW, make_playbook, make_revision, make_step, make_template

from .engine import expanded, states, work

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=5)


def failed(reason="refused", *, people=3, **fields):
    """A touchpoint of which the last message failed; the others were sent."""
    make_template()
    step = make_step(make_playbook(), key="announce")
    touchpoint = expanded(people, step=step, channel=step.channel, **fields)
    make_revision(touchpoint.campaign.window)
    work()
    last = Delivery.objects.latest("pk")
    Delivery.objects.filter(pk=last.pk).update(state="failed", reason=reason, sent_at=None)
    return touchpoint


def retry(now=LATER):
    return retry_failed(Campaign.objects.get(), Delivery.objects.all(), actor=None, now=now)


def offenders(now):
    return [invariant.name for invariant in INVARIANTS if invariant.offenders(now).exists()]


def test_what_failed_leaves_again_and_arrives():
    touchpoint = failed()
    first_sent_at = Touchpoint.objects.get(pk=touchpoint.pk).first_sent_at

    assert retry() == 1
    assert offenders(LATER) == []
    work(LATER)

    touchpoint.refresh_from_db()
    assert states() == {"sent": 3}
    assert (touchpoint.state, touchpoint.first_sent_at) == ("sent", first_sent_at)
    assert offenders(LATER) == []


def test_what_was_sent_is_not_sent_again():
    failed()
    retry()
    work(LATER)

    assert retry() == 0


@pytest.mark.parametrize("reason", ["bad_address", "bounced", "not_arrived"])
def test_what_another_attempt_would_not_mend_stays_failed(reason):
    failed(reason)

    assert retry() == 0
    assert states()["failed"] == 1


def test_what_may_have_arrived_is_left_alone():
    failed()
    Delivery.objects.filter(state="failed").update(state="in_doubt", reason="no_answer", sent_at=NOW)

    assert retry() == 0


def test_past_its_use_nothing_goes_again():
    touchpoint = failed()

    assert retry(touchpoint.useful_until) == 0


def test_times_that_have_moved_are_not_announced_again():
    touchpoint = failed()
    make_revision(touchpoint.campaign.window, number=2, change="rescheduled")

    assert retry() == 0


def test_work_that_is_over_is_not_announced_again():
    failed()
    MaintenanceWindow.objects.update(actual_ended_at=NOW)

    assert retry() == 0


def test_one_press_is_one_attempt_in_the_audit_trail():
    failed()
    retry()

    event = AuditEvent.objects.get(verb="delivery.retried")
    assert event.subject_id == str(Delivery.objects.get(state="pending").pk)


def test_many_go_in_batches_of_the_usual_size(settings):
    failed(people=5)
    Delivery.objects.update(state="failed", reason="refused", sent_at=None)
    settings.DELIVERY_BATCH_SIZE = 2

    assert retry() == 5
    assert Delivery.objects.values("batch").distinct().count() == 3


def test_more_than_a_person_would_wait_for_goes_in_several_presses(monkeypatch):
    failed(people=3)
    Delivery.objects.update(state="failed", reason="refused", sent_at=None)
    monkeypatch.setattr("apps.delivery.retrying.MOST_AT_ONCE", 2)

    assert [retry(), retry(), retry()] == [2, 1, 0]


def test_those_who_may_go_again_are_found_in_few_queries(django_assert_num_queries):
    touchpoint = Touchpoint.objects.select_related("campaign__window", "channel", "step__channel").get(pk=failed().pk)
    with django_assert_num_queries(2):
        assert retryable(Delivery.objects.all(), still_of_use([touchpoint], now=LATER)).count() == 1
