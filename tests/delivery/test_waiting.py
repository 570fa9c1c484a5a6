"""What a worker reads of a batch: every row that is still to leave, in the order it was written, and nothing else."""

import pytest

from apps.audiences.models import Suppression
from apps.channels.models import ChannelKind
from apps.delivery.models import Delivery, DeliveryState
from apps.delivery.waiting import Recipient, waiting_rows
from tests.factories import NOW, make_channel, make_contact, make_delivery, make_segment, make_touchpoint

from .engine import claimed, expanded

pytestmark = pytest.mark.django_db


def test_a_row_says_of_its_recipient_what_the_contact_says():
    contact = make_contact(name="Zoë", organisation="ACME", language="fr", time_zone="Asia/Tokyo", is_internal=True)
    delivery = make_delivery(contact=contact)

    (row,) = waiting_rows(delivery.batch)

    assert row.contact == Recipient(contact.pk, "Zoë", "ACME", "fr", "Asia/Tokyo", None, True)
    assert all(getattr(row.contact, name) == getattr(contact, name) for name in Recipient._fields)


def test_a_row_says_of_its_delivery_what_the_ledger_says():
    delivery = make_delivery(address="cem@example.org", attempts=2, composed_at=NOW, sent_at=NOW)

    (row,) = waiting_rows(delivery.batch)

    names = ("pk", "token", "address", "attempts", "composed_at", "sent_at", "contact_id")
    assert [getattr(row, name) for name in names] == [getattr(delivery, name) for name in names]


def test_a_broadcast_has_nobody_behind_it():
    delivery = make_delivery(touchpoint=make_touchpoint(channel=make_channel(ChannelKind.WEBHOOK), state="due"))

    (row,) = waiting_rows(delivery.batch)

    assert (row.contact, row.contact_id) == (None, None)


def test_settled_rows_are_left_out_and_the_others_keep_their_order():
    batch = claimed(4)
    second = batch.deliveries.order_by("pk")[1]
    Delivery.objects.filter(pk=second.pk).update(state=DeliveryState.SENT, sent_at=NOW)

    rows = [row.pk for row in waiting_rows(batch)]

    assert rows == sorted(set(batch.deliveries.values_list("pk", flat=True)) - {second.pk})


def test_a_batch_is_read_in_one_query(django_assert_num_queries):
    batch = claimed(5)

    with django_assert_num_queries(1):
        assert len(waiting_rows(batch)) == 5


def test_rows_of_other_batches_stay_with_them(settings):
    settings.DELIVERY_BATCH_SIZE = 2
    touchpoint = expanded(5)

    batches = [waiting_rows(batch) for batch in touchpoint.batches.all()]

    assert sorted(map(len, batches)) == [1, 2, 2]


def reason_not_to_write(**touchpoint):
    """Why Cem gets no message of such a touchpoint."""
    made = make_touchpoint(state="due", **touchpoint)
    (row,) = waiting_rows(make_delivery(touchpoint=made, contact=None, address="cem@example.org").batch)
    return row.suppression


def test_who_left_a_segment_is_written_to_through_others():
    left, other = make_segment(), make_segment()
    Suppression.objects.create(kind="email", address="cem@example.org", reason="unsubscribed", segment=left)

    reasons = [reason_not_to_write(segment=segment) for segment in (left, other, left)]

    assert reasons == ["unsubscribed", "", "unsubscribed"]


def test_who_left_everything_is_written_to_by_no_segment():
    Suppression.objects.create(kind="email", address="cem@example.org", reason="unsubscribed")

    assert [reason_not_to_write(segment=make_segment()) for _ in range(2)] == ["unsubscribed"] * 2


def test_what_is_mandatory_is_written_to_who_has_left_and_to_no_dead_address():
    segment, channel = make_segment(), make_channel()
    Suppression.objects.create(kind="email", address="cem@example.org", reason="unsubscribed")
    alike = {"segment": segment, "channel": channel}

    assert reason_not_to_write(**alike) == "unsubscribed"
    assert reason_not_to_write(is_mandatory=True, **alike) == ""
    Suppression.objects.create(kind="email", address="cem@example.org", reason="hard_bounce")
    assert reason_not_to_write(is_mandatory=True, **alike) == "hard_bounce"
