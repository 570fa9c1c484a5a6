"""Answers to invitations, from the calendar file to the row."""

import logging
from datetime import timedelta

import pytest

from apps.audiences.models import Contact
from apps.delivery.models import DeliveryState
from apps.tracking.acknowledgements import accept_reply
from apps.tracking.models import Acknowledgement
from tests.factories import NOW, make_campaign, make_contact, make_delivery, make_touchpoint, make_window

from .calendars import apple, changed, google, outlook

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign():
    return make_campaign(window=make_window(revision=3))


def invited(campaign, *, address="cem@example.org", revision=1, **fields):
    touchpoint = make_touchpoint(campaign=campaign, revision=revision)
    known = {"state": DeliveryState.SENT, "sent_at": NOW - timedelta(hours=1), "invitation": "request"}
    return make_delivery(
        touchpoint=touchpoint,
        contact=Contact.objects.filter(email=address).first() or make_contact(email=address),
        **(known | fields),
    )


def kept():
    return [(row.address, row.answer, row.sequence) for row in Acknowledgement.objects.order_by("pk")]


def test_an_answer_becomes_a_row_with_its_time_and_sequence(campaign):
    delivery = invited(campaign)

    assert accept_reply(google(str(campaign.window.uid)), now=NOW)

    row = Acknowledgement.objects.get()
    assert (row.campaign, row.delivery, row.address) == (campaign, delivery, "cem@example.org")
    assert (row.answer, row.sequence, row.received_at) == ("accepted", 1, NOW)
    assert row.answered_at == NOW - timedelta(minutes=30)


def test_a_newer_answer_takes_the_place_of_an_older_one_and_not_the_other_way_round(campaign):
    invited(campaign)
    accepted, declined = google(str(campaign.window.uid)), outlook(str(campaign.window.uid))

    for calendar in (accepted, declined, accepted):
        assert accept_reply(calendar, now=NOW)

    assert kept() == [("cem@example.org", "declined", 1)]


def test_an_answer_to_earlier_times_does_not_take_the_place_of_one_to_the_new(campaign):
    invited(campaign)
    invited(campaign, revision=2)
    uid = str(campaign.window.uid)
    accept_reply(google(uid, sequence=2), now=NOW)

    assert accept_reply(outlook(uid, sequence=1), now=NOW)  # later by its clock

    assert kept() == [("cem@example.org", "accepted", 2)]


def test_an_answer_belongs_to_the_delivery_whose_invitation_it_answers(campaign):
    first, second = invited(campaign), invited(campaign, revision=2, sent_at=NOW)
    uid = str(campaign.window.uid)

    accept_reply(google(uid, sequence=1), now=NOW)
    assert Acknowledgement.objects.get().delivery == first

    accept_reply(google(uid, sequence=2), now=NOW)
    assert Acknowledgement.objects.get().delivery == second


@pytest.mark.parametrize(("written", "means"), [(99, 3), (None, 2)])
def test_a_sequence_that_never_was_or_is_missing_shuts_no_later_answer_out(campaign, written, means):
    invited(campaign, revision=2)
    calendar = google(str(campaign.window.uid), sequence=written or 0)

    accept_reply(calendar if written else changed(calendar, ("SEQUENCE:0\r\n", "")), now=NOW)

    assert kept() == [("cem@example.org", "accepted", means)]


def test_a_clock_that_is_ahead_shuts_no_later_answer_out(campaign):
    invited(campaign)
    uid = str(campaign.window.uid)
    accept_reply(changed(google(uid), ("DTSTAMP:2026", "DTSTAMP:2036")), now=NOW)

    accept_reply(changed(outlook(uid), ("DTSTAMP:20260302T08", "DTSTAMP:20260302T10")), now=NOW + timedelta(hours=2))

    assert kept() == [("cem@example.org", "declined", 1)]


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"address": "ben@example.org"}, id="somebody else was"),
        pytest.param({"invitation": ""}, id="told without an invitation"),
        pytest.param({"invitation": "cancel"}, id="only its cancellation"),
        pytest.param({"state": DeliveryState.PENDING, "sent_at": None}, id="not yet sent"),
    ],
)
def test_people_who_were_not_invited_are_left_out_with_a_line_in_the_log(campaign, fields, caplog):
    invited(campaign, **fields)
    caplog.set_level(logging.INFO, logger="apps.tracking.acknowledgements")

    assert not accept_reply(google(str(campaign.window.uid)), now=NOW)

    assert kept() == []
    assert "was not invited" in caplog.text
    assert "cem@example.org" not in caplog.text


@pytest.mark.parametrize("uid", ["", "x", "0" * 32, "7f0c1a52-5c5f-4b5e-9b3c-0d4f8f0d2b11"])
def test_replies_to_other_peoples_entries_are_left_out(campaign, uid):
    invited(campaign)
    assert not accept_reply(google(uid), now=NOW)


def test_no_reply_is_not_taken(campaign):
    invited(campaign)
    assert not accept_reply(changed(google(str(campaign.window.uid)), ("METHOD:REPLY", "METHOD:REQUEST")), now=NOW)


def test_addresses_are_compared_as_mailboxes(campaign):
    invited(campaign, address="émile@Exämple.org")

    assert accept_reply(apple(str(campaign.window.uid), attendee="émile@xn--exmple-cua.org"), now=NOW)


def test_an_answer_proves_that_a_message_in_doubt_arrived(campaign):
    delivery = invited(campaign, state=DeliveryState.IN_DOUBT, reason="no_answer")

    accept_reply(google(str(campaign.window.uid)), now=NOW)

    delivery.refresh_from_db()
    assert delivery.state == DeliveryState.SENT


def test_an_answer_costs_the_same_however_many_were_told(campaign, django_assert_num_queries):
    for number in range(3):
        invited(campaign, address=f"cem{number}@example.org")
    calendar = google(str(campaign.window.uid), attendee="cem1@example.org")
    with django_assert_num_queries(8):
        accept_reply(calendar, now=NOW)
