import pytest

from apps.delivery.models import Batch, Delivery, Expansion
from apps.delivery.tallies import tallies
from tests.factories import NOW, make_contact, make_delivery, make_template, make_touchpoint

from .engine import expanded, work

pytestmark = pytest.mark.django_db


def test_tally_counts_what_waits_was_sent_and_failed():
    make_template()
    touchpoint = expanded(4)
    first, second, third, _fourth = Delivery.objects.order_by("pk")
    Delivery.objects.filter(pk=first.pk).update(state="sent", sent_at=NOW)
    Delivery.objects.filter(pk=second.pk).update(state="failed", reason="refused")
    Delivery.objects.filter(pk=third.pk).update(reason="try_again")

    assert tallies([touchpoint.pk]) == {touchpoint.pk: {"sent": 1, "failed": 1, "pending": 2}}


def test_tally_adds_up_when_all_is_sent():
    make_template()
    touchpoint = expanded(3)
    work()

    assert tallies([touchpoint.pk]) == {touchpoint.pk: {"sent": 3}}
    assert Batch.objects.unfinished().count() == 0


def test_what_an_earlier_revision_wrote_counts_too():
    make_template()
    touchpoint = expanded(1)
    work()
    make_delivery(touchpoint=touchpoint, revision=7, state="superseded", reason="window_changed", contact=make_contact())
    Expansion.objects.create(touchpoint=touchpoint, revision=7, recipients=1, written_at=NOW)

    assert tallies([touchpoint.pk]) == {touchpoint.pk: {"sent": 1, "superseded": 1}}


def test_deliveries_without_a_record_are_counted_one_by_one():
    touchpoint = make_touchpoint(state="sent")
    make_delivery(touchpoint=touchpoint, state="sent")

    assert tallies([touchpoint.pk]) == {touchpoint.pk: {"sent": 1}}


def test_tallies_of_many_touchpoints_take_two_queries(django_assert_num_queries):
    touchpoints = [make_touchpoint().pk for _ in range(5)]
    with django_assert_num_queries(2):
        assert tallies(touchpoints) == {}
