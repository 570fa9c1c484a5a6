from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from apps.audiences.models import Suppression
from apps.campaigns.models import Audience, Reason, TouchpointState
from apps.channels.models import ChannelKind
from apps.delivery.expand import Expanded, expand_touchpoint
from apps.delivery.models import Batch, BatchState, Delivery, DeliveryState, Expansion
from apps.delivery.policy import FIRST_PORTION, DeliveryReason
from apps.windows.models import WindowRevision, WindowStatus
from tests.factories import (
    DAY,
    HOUR,
    NOW,
    make_batch,
    make_campaign,
    make_channel,
    make_contact,
    make_delivery,
    make_segment,
    make_touchpoint,
    make_window,
)

pytestmark = pytest.mark.django_db


def make_revision(window, number, **fields):
    defaults = {
        "change": "rescheduled",
        "status": window.status,
        "time_zone": window.time_zone,
        "starts_at": window.starts_at,
        "ends_at": window.ends_at,
        "announced_ends_at": window.announced_ends_at,
        "changed_at": NOW,
    }
    return WindowRevision.objects.create(window=window, number=number, **(defaults | fields))


def states(touchpoint):
    rows = Delivery.objects.filter(touchpoint=touchpoint).order_by("contact")
    return list(rows.values_list("address", "state", "reason"))


def test_everybody_of_the_segment_gets_one_delivery():
    people = [make_contact() for _ in range(3)]
    touchpoint = make_touchpoint()

    assert expand_touchpoint(touchpoint.pk, now=NOW) is Expanded.WRITTEN

    touchpoint.refresh_from_db()
    assert states(touchpoint) == [(contact.email, "pending", "") for contact in people]
    assert (touchpoint.state, touchpoint.expanded_at) == (TouchpointState.DUE, NOW)
    assert Expansion.objects.get().recipients == 3
    assert Delivery.objects.values("token").distinct().count() == 3


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite checks keys by their index anyway")
def test_keys_of_many_rows_are_checked_by_index():
    make_contact()
    expand_touchpoint(make_touchpoint().pk, now=NOW)
    with connection.cursor() as cursor:
        cursor.execute("SHOW enable_seqscan")
        assert cursor.fetchone() == ("off",)


def test_a_second_expander_writes_nothing():
    make_contact()
    touchpoint = make_touchpoint()
    expand_touchpoint(touchpoint.pk, now=NOW)

    assert expand_touchpoint(touchpoint.pk, now=NOW) is Expanded.NOT_NOW
    assert Delivery.objects.count() == 1


def test_nothing_is_written_before_its_time():
    make_contact()
    touchpoint = make_touchpoint(due_at=NOW + HOUR)

    assert expand_touchpoint(touchpoint.pk, now=NOW) is Expanded.NOT_NOW


def test_batches_hold_at_most_the_configured_number(settings):
    settings.DELIVERY_BATCH_SIZE = 2
    for _ in range(5):
        make_contact()
    touchpoint = make_touchpoint(due_at=NOW + timedelta(minutes=5))

    expand_touchpoint(touchpoint.pk, now=NOW)

    sizes = [batch.deliveries.count() for batch in Batch.objects.all()]
    assert sorted(sizes) == [1, 2, 2]
    assert {batch.not_before for batch in Batch.objects.all()} == {touchpoint.due_at}


def test_who_may_not_be_written_to_is_counted_with_the_reason():
    make_contact(email="", phone="+33123456789")
    for address, reason in (("Dead@example.org", "hard_bounce"), ("gone@example.org", "unsubscribed")):
        make_contact(email=address)
        Suppression.objects.create(kind="email", address=address.lower(), reason=reason)
    touchpoint = make_touchpoint(channel=make_channel(ChannelKind.EMAIL))

    assert expand_touchpoint(touchpoint.pk, now=NOW) is Expanded.NOBODY

    assert [reason for _address, _state, reason in states(touchpoint)] == ["no_address", "hard_bounce", "unsubscribed"]
    touchpoint.refresh_from_db()
    assert touchpoint.state == TouchpointState.SENT
    assert Batch.objects.count() == 0


def test_a_mandatory_notice_goes_to_who_unsubscribed_but_not_to_dead_addresses():
    for address, reason in (("dead@example.org", "hard_bounce"), ("gone@example.org", "unsubscribed")):
        make_contact(email=address)
        Suppression.objects.create(kind="email", address=address, reason=reason)
    touchpoint = make_touchpoint(is_mandatory=True)

    expand_touchpoint(touchpoint.pk, now=NOW)

    assert [state for _address, state, _reason in states(touchpoint)] == ["suppressed", "pending"]


def test_a_suppression_for_one_segment_leaves_the_others_alone():
    contact = make_contact()
    here, there = make_touchpoint(), make_touchpoint()
    Suppression.objects.create(kind="email", address=contact.email, reason="manual", segment=here.segment)

    expand_touchpoint(here.pk, now=NOW)
    expand_touchpoint(there.pk, now=NOW)

    assert states(here)[0][1] == "suppressed"
    assert states(there)[0][1] == "pending"


def test_a_person_in_two_segments_hears_of_a_moment_once():
    contact = make_contact()
    campaign, channel = make_campaign(), make_channel()
    first, second = (make_touchpoint(campaign=campaign, channel=channel, step_key="t-7d") for _ in range(2))

    expand_touchpoint(first.pk, now=NOW)
    assert expand_touchpoint(second.pk, now=NOW) is Expanded.NOBODY

    assert Delivery.objects.get().contact == contact
    second.refresh_from_db()
    assert (second.state, second.reason) == (TouchpointState.SKIPPED, Reason.NOBODY)


def test_who_was_told_before_a_replanning_is_not_told_again():
    told, _other = make_contact(), make_contact()
    touchpoint = make_touchpoint(revision=2)
    make_delivery(touchpoint=touchpoint, revision=1, contact=told, state="sent")

    expand_touchpoint(touchpoint.pk, now=NOW)

    assert Delivery.objects.filter(revision=2).exclude(contact=told).count() == 1
    assert Delivery.objects.filter(revision=2, contact=told).count() == 0


def test_what_was_closed_unsent_leaves_after_all_when_planned_again_at_the_same_revision():
    make_contact()
    touchpoint = make_touchpoint()
    expand_touchpoint(touchpoint.pk, now=NOW)
    touchpoint.refresh_from_db()
    touchpoint.state, touchpoint.due_at = TouchpointState.PLANNED, NOW + HOUR
    touchpoint.save()

    assert expand_touchpoint(touchpoint.pk, now=NOW) is Expanded.WRITTEN

    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.reason, delivery.settled_at) == ("pending", "", None)
    assert delivery.batch.not_before == NOW + HOUR
    assert Batch.objects.filter(state=BatchState.READY).count() == 1
    assert Expansion.objects.get().recipients == 1


def test_an_expansion_waits_for_messages_still_in_a_workers_hands():
    make_contact()
    touchpoint = make_touchpoint(revision=2)
    batch = make_batch(touchpoint, revision=1, state="sending", token="0" * 32, lease_until=NOW, marked_at=NOW)

    assert expand_touchpoint(touchpoint.pk, now=NOW) is Expanded.NOT_NOW
    Batch.objects.filter(pk=batch.pk).update(state=BatchState.DONE)
    assert expand_touchpoint(touchpoint.pk, now=NOW) is Expanded.WRITTEN


def test_an_empty_segment_skips_the_touchpoint():
    touchpoint = make_touchpoint()

    assert expand_touchpoint(touchpoint.pk, now=NOW) is Expanded.NOBODY

    touchpoint.refresh_from_db()
    assert (touchpoint.state, touchpoint.reason) == (TouchpointState.SKIPPED, Reason.NOBODY)


def test_a_channel_switched_off_skips_the_touchpoint():
    make_contact()
    touchpoint = make_touchpoint(channel=make_channel(is_enabled=False))

    assert expand_touchpoint(touchpoint.pk, now=NOW) is Expanded.NOBODY

    touchpoint.refresh_from_db()
    assert (touchpoint.state, touchpoint.reason) == (TouchpointState.SKIPPED, Reason.CHANNEL_DISABLED)


def test_a_broadcast_has_one_delivery_without_a_contact():
    make_contact()
    touchpoint = make_touchpoint(channel=make_channel(ChannelKind.CHAT), audience=Audience.CHANNEL)

    assert expand_touchpoint(touchpoint.pk, now=NOW) is Expanded.WRITTEN

    assert Delivery.objects.get().contact is None


def test_a_touchpoint_past_its_use_is_not_expanded():
    make_contact()
    touchpoint = make_touchpoint(due_at=NOW - DAY)

    assert expand_touchpoint(touchpoint.pk, now=NOW) is Expanded.NOT_NOW


def test_an_sms_leaves_before_the_night_of_each_recipients_zone():
    due_at = datetime(2026, 3, 4, 22, 30, tzinfo=UTC)
    for zone in ("America/New_York", "Europe/Paris", ""):  # 17:30, 23:30, the window's: Paris
        make_contact(phone="+33123456789", time_zone=zone)
    touchpoint = make_touchpoint(channel=make_channel(ChannelKind.SMS), due_at=due_at)

    expand_touchpoint(touchpoint.pk, now=due_at - 58 * HOUR)
    expand_touchpoint(touchpoint.pk, now=due_at)

    assert sorted((batch.not_before, batch.deliveries.count()) for batch in Batch.objects.all()) == [
        (datetime(2026, 3, 4, 20, 0, tzinfo=UTC), 2),
        (due_at, 1),
    ]


@pytest.fixture
def moved():
    """A window whose second revision moved the times, and a correction of a column."""
    window = make_window(revision=2)
    make_revision(window, 1, starts_at=window.starts_at - DAY)
    make_revision(window, 2)
    campaign, segment, channel = make_campaign(window=window), make_segment(), make_channel()
    column = {"campaign": campaign, "segment": segment, "channel": channel}
    correction = make_touchpoint(
        **column, step_key="correction", occurrence=2, revision=2, audience=Audience.TOLD, is_mandatory=True
    )
    return column, correction


def corrected(correction):
    return set(Delivery.objects.filter(touchpoint=correction).values_list("contact", flat=True))


def test_a_correction_goes_to_exactly_those_who_were_told_otherwise(moved):
    column, correction = moved
    announcement = make_touchpoint(**column, state="sent")
    told = [make_delivery(touchpoint=announcement, state="sent").contact.pk]
    told += [make_delivery(touchpoint=announcement, state="in_doubt", reason="no_answer").contact.pk]
    make_delivery(touchpoint=announcement, state="failed", reason="refused")
    make_delivery(touchpoint=announcement, state="superseded", reason="window_changed")
    make_contact()
    make_delivery(touchpoint=make_touchpoint(campaign=column["campaign"], channel=column["channel"], state="sent"), state="sent")

    assert expand_touchpoint(correction.pk, now=NOW) is Expanded.WRITTEN
    assert corrected(correction) == set(told)


def test_a_correction_is_written_in_one_piece(moved, settings):
    settings.DELIVERY_BATCH_SIZE = 1
    column, correction = moved
    announcement = make_touchpoint(**column, state="sent")
    told = [make_delivery(touchpoint=announcement, state="sent").contact.pk for _ in range(FIRST_PORTION + 1)]

    assert expand_touchpoint(correction.pk, now=NOW) is Expanded.WRITTEN
    assert corrected(correction) == set(told)


def test_who_heard_the_new_times_already_is_not_corrected(moved):
    column, correction = moved
    announcement = make_touchpoint(**column, state="sent")
    delivery = make_delivery(touchpoint=announcement, state="sent")
    reminder = make_touchpoint(**column, state="sent", revision=2)
    make_delivery(touchpoint=reminder, contact=delivery.contact, revision=2, state="sent")

    assert expand_touchpoint(correction.pk, now=NOW) is Expanded.NOBODY
    correction.refresh_from_db()
    assert (correction.state, correction.reason) == (TouchpointState.SKIPPED, Reason.NOBODY_TOLD)


def test_a_revision_with_the_same_times_needs_no_correction(moved):
    column, correction = moved
    WindowRevision.objects.filter(number=1).update(starts_at=column["campaign"].window.starts_at)
    make_delivery(touchpoint=make_touchpoint(**column, state="sent"), state="sent")

    assert expand_touchpoint(correction.pk, now=NOW) is Expanded.NOBODY


def test_a_cancellation_goes_to_those_told_the_same_times(moved):
    column, correction = moved
    WindowRevision.objects.filter(number=1).update(starts_at=column["campaign"].window.starts_at)
    WindowRevision.objects.filter(number=2).update(status=WindowStatus.CANCELLED)
    contact = make_delivery(touchpoint=make_touchpoint(**column, state="sent"), state="sent").contact

    expand_touchpoint(correction.pk, now=NOW)
    assert corrected(correction) == {contact.pk}


def test_a_correction_waits_until_the_column_has_settled(moved):
    column, correction = moved
    announcement = make_touchpoint(**column, state="sending")
    make_delivery(touchpoint=announcement, state="sent")
    batch = make_batch(announcement, state="sending", token="0" * 32, lease_until=NOW, marked_at=NOW)

    assert expand_touchpoint(correction.pk, now=NOW) is Expanded.NOT_NOW
    Batch.objects.filter(pk=batch.pk).update(state=BatchState.DONE)
    assert expand_touchpoint(correction.pk, now=NOW) is Expanded.WRITTEN


def test_a_place_is_corrected_only_if_it_shows_something_else(moved):
    column, _correction = moved
    chat = {"campaign": column["campaign"], "channel": make_channel(ChannelKind.CHAT)}
    correction = make_touchpoint(**chat, step_key="correction", occurrence=2, revision=2, audience=Audience.TOLD)
    post = make_delivery(touchpoint=make_touchpoint(**chat, state="sent"), state="sent", contact=None)
    Delivery.objects.filter(pk=post.pk).update(revision=2)

    assert expand_touchpoint(correction.pk, now=NOW) is Expanded.NOBODY

    correction.state = TouchpointState.PLANNED
    correction.save()
    Delivery.objects.filter(pk=post.pk).update(revision=1)
    assert expand_touchpoint(correction.pk, now=NOW) is Expanded.WRITTEN


def test_the_reasons_of_left_out_people_are_known_codes():
    assert DeliveryState.SUPPRESSED in DeliveryState.values
    assert {"no_address", "hard_bounce", "complaint", "unsubscribed", "manual"} <= set(DeliveryReason)
