"""Calendar invitations on the real engine, from the release to what a real mail server was given, and back."""

import re
from datetime import timedelta
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser

import pytest
from icalendar import Calendar

from apps.campaigns import services as campaigns
from apps.campaigns.models import Anchor
from apps.channels.models import ChannelKind
from apps.delivery import journal
from apps.delivery.models import Delivery
from apps.delivery.resolutions import Resolution, resolve_by_hand
from apps.tracking.acknowledgements import accept_reply
from apps.tracking.inbox.letters import take_in
from apps.tracking.models import Acknowledgement
from tests.channels.servers import RESET, SmtpServer
from tests.factories import (
    DAY,
    NOW,
    make_channel,
    make_contact,
    make_playbook,
    make_segment,
    make_step,
    make_template,
    make_window,
)
from tests.tracking.calendars import google

from .test_engine import broken, move, tick

pytestmark = pytest.mark.django_db
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
BOUNDARY = re.compile(rb"={15}\d+==")
SENDER = "Équipe <maintenance@example.org>"


@pytest.fixture(autouse=True)
def _quiet(monkeypatch, settings):
    monkeypatch.setattr(journal, "_away_until", float("inf"))
    settings.CHANNEL_HOST_ALLOWLIST = ["127.0.0.1"]


@pytest.fixture
def server():
    server = SmtpServer()
    server.start()
    yield server
    server.stop()


def released(channel, *, guests=("ann", "bob"), others=("cem",)):
    """Announced to guests with an invitation and to others without, reminded a day before without."""
    for key in ("announce", "reminder", "moved", "extended", "cancelled"):
        make_template(content_key=key, subject=key + " {{ window.times }}", body="{{ contact.greeting }}, {{ window.times }}")
    for name in (*guests, *others):
        make_contact(name=name, email=f"{name}@example.org", organisation="guests" if name in guests else "others")
    playbook = make_playbook()
    for group in ("guests", "others"):
        segment = make_segment({"field": "organisation", "op": "is", "value": group})
        make_step(playbook, channel=channel, segment=segment, invites=group == "guests")
        reminder = {"key": "t-1d", "anchor": Anchor.START, "offset_days": -1, "content_key": "reminder"}
        make_step(playbook, channel=channel, segment=segment, **reminder)
    window = make_window(status="draft", revision=0, scheduled_at=None, starts_at=NOW + 30 * DAY, effect="Fermé ; à demain.")
    campaign = campaigns.open_campaign(window, playbook=playbook, owner=None, actor=None, now=NOW)
    return campaigns.release(campaign, actor=None, now=NOW)


@pytest.fixture
def channel(server):
    config = {"host": "127.0.0.1", "port": server.port, "from_address": SENDER, "reply_to": "help@example.org"}
    return make_channel(ChannelKind.EMAIL, config=config)


def mails(server, subject: str) -> dict[str, EmailMessage]:
    """What the server was given, by recipient."""
    parsed = [BytesParser(policy=policy.default).parsebytes(envelope.original_content) for envelope in server.envelopes]
    return {str(mail["to"]): mail for mail in parsed if str(mail["subject"]).strip().startswith(subject)}


def calendar_of(mail: EmailMessage) -> Calendar | None:
    """The calendar part, where it is in its place and says of itself what it should."""
    assert mail.get_content_type() == "multipart/alternative"
    kinds = [part.get_content_type() for part in mail.iter_parts()]
    if len(kinds) == 2:
        assert kinds == ["text/plain", "text/html"]
        return None
    assert kinds == ["text/plain", "text/html", "text/calendar"]
    part = list(mail.iter_parts())[2]
    header = part["Content-Type"]
    assert header.count("charset") == header.count("method") == 1
    assert header.params["charset"] == "utf-8"
    calendar = Calendar.from_ical(part.get_payload(decode=True))
    assert header.params["method"] == calendar["METHOD"]
    return calendar


def invited(server, subject: str) -> dict[str, tuple[str, int]]:
    """METHOD and SEQUENCE by recipient, of those who got a calendar part."""
    found = {}
    for address, mail in mails(server, subject).items():
        if (calendar := calendar_of(mail)) is not None:
            (event,) = calendar.walk("VEVENT")
            assert event["ATTENDEE"] == f"mailto:{address}"
            assert event["ORGANIZER"] == "mailto:maintenance@example.org"
            found[address] = (str(calendar["METHOD"]), event["SEQUENCE"])
    return found


GUESTS = ("ann@example.org", "bob@example.org")


def test_each_guest_gets_an_invitation_of_their_own_and_nobody_else_does(server, channel):
    campaign = released(channel)

    tick(NOW)

    assert set(mails(server, "announce")) == {*GUESTS, "cem@example.org"}
    assert invited(server, "announce") == dict.fromkeys(GUESTS, ("REQUEST", 1))
    (event,) = calendar_of(mails(server, "announce")[GUESTS[0]]).walk("VEVENT")
    assert event["UID"] == str(campaign.window.uid)
    assert event["DTSTART"].dt == campaign.window.starts_at
    assert "Fermé ; à demain." in event["DESCRIPTION"]


def test_a_move_brings_its_new_times_to_exactly_those_who_were_invited(server, channel):
    campaign = released(channel)
    tick(NOW)

    move(campaign, now=NOW + MINUTE)
    tick(NOW + MINUTE)

    assert set(mails(server, "moved")) == {*GUESTS, "cem@example.org"}
    assert invited(server, "moved") == dict.fromkeys(GUESTS, ("REQUEST", 2))
    (event,) = calendar_of(mails(server, "moved")[GUESTS[0]]).walk("VEVENT")
    campaign.window.refresh_from_db()
    assert (event["UID"], event["DTSTART"].dt) == (str(campaign.window.uid), campaign.window.starts_at)
    assert broken(NOW + 2 * MINUTE) == []


def test_cancelling_takes_it_out_of_exactly_their_calendars(server, channel):
    campaign = released(channel)
    tick(NOW)
    move(campaign, now=NOW + MINUTE)
    tick(NOW + MINUTE)

    campaigns.cancel(campaign, reason="Not needed.", actor=None, now=NOW + 2 * MINUTE)
    tick(NOW + 2 * MINUTE)

    assert set(mails(server, "cancelled")) == {*GUESTS, "cem@example.org"}
    assert invited(server, "cancelled") == dict.fromkeys(GUESTS, ("CANCEL", 3))
    (event,) = calendar_of(mails(server, "cancelled")[GUESTS[0]]).walk("VEVENT")
    assert (event["UID"], event["STATUS"]) == (str(campaign.window.uid), "CANCELLED")
    assert broken(NOW + 3 * MINUTE) == []


def test_a_reminder_that_does_not_invite_carries_none(server, channel):
    campaign = released(channel)
    tick(NOW)

    tick(campaign.window.starts_at - DAY)

    assert len(mails(server, "reminder")) == 3
    assert invited(server, "reminder") == {}


def test_cancelled_in_mid_send_only_those_who_have_an_invitation_hear_of_its_end(server, channel, monkeypatch):
    guests = [f"p{number}" for number in range(6)]
    campaign = released(channel, guests=guests, others=())

    def cancel_after_two(self, *args, **words):
        reply = hand_over(self, *args, **words)
        if len(server.envelopes) == 2:
            campaigns.cancel(campaign, reason="Not needed.", actor=None, now=NOW)
        return reply

    from apps.channels.transports.email import EmailTransport

    hand_over = EmailTransport.hand_over
    monkeypatch.setattr("apps.delivery.handover.brake.LOOK_SECONDS", 0.0)
    monkeypatch.setattr(EmailTransport, "hand_over", cancel_after_two)
    tick(NOW)
    first = set(invited(server, "announce"))
    tick(NOW + SECOND)

    assert len(first) == 2
    assert invited(server, "cancelled") == dict.fromkeys(first, ("CANCEL", 2))


def test_whom_the_correction_no_longer_needs_to_reach_gets_the_new_times_with_what_does(server, channel):
    """The reminder of the new times leaves before the correction has been written: it tells them, and so it carries them."""
    campaign = released(channel)
    tick(NOW)
    window = campaign.window
    move(campaign, now=NOW + MINUTE, by=-28 * DAY)
    campaign.touchpoints.filter(step_key="correction").update(expand_at=NOW + 2 * DAY, due_at=NOW + 2 * DAY)
    window.refresh_from_db()

    tick(window.starts_at - DAY)

    assert invited(server, "reminder") == dict.fromkeys(GUESTS, ("REQUEST", 2))
    tick(NOW + 2 * DAY)
    assert mails(server, "moved") == {}


def test_a_repeat_has_the_same_bytes(server, channel):
    released(channel, guests=("ann",), others=())
    server.script["DOT"].append(RESET)  # taken, but the answer is lost
    tick(NOW)

    resolve_by_hand(Delivery.objects.all(), Resolution.REPEAT, actor=None, now=NOW + MINUTE)
    tick(NOW + MINUTE)

    first, second = (BOUNDARY.sub(b"boundary", envelope.original_content) for envelope in server.envelopes)
    assert first == second
    assert b"METHOD:REQUEST" in first


def letter_with(*parts, **headers) -> bytes:
    mail = EmailMessage()
    for name, value in {"Subject": "Accepted", "Message-ID": "<1@example.org>", **headers}.items():
        mail[name] = value
    mail.set_content("See the calendar.")
    for add in parts:
        add(mail)
    return mail.as_bytes()


def test_an_answer_that_comes_in_by_mail_is_an_acknowledgement(server, channel):
    campaign = released(channel)
    tick(NOW)
    reply = google(str(campaign.window.uid), attendee="ann@example.org").decode()

    taken = take_in(
        letter_with(lambda mail: mail.add_alternative(reply, subtype="calendar", params={"method": "REPLY"})),
        source="pipe",
        now=NOW + MINUTE,
    )

    assert taken.replies == 1
    assert Acknowledgement.objects.get().answer == "accepted"


def test_an_invitation_that_bounces_back_to_us_means_nothing(server, channel):
    released(channel)
    tick(NOW)
    original = mails(server, "announce")[GUESTS[0]]

    taken = take_in(letter_with(lambda mail: mail.add_attachment(original)), source="pipe", now=NOW + MINUTE)

    assert (taken.replies, taken.notices, taken.others) == (0, 0, 1)


def test_an_answer_comes_back_to_the_invitation_it_answers(server, channel):
    campaign = released(channel)
    tick(NOW)
    uid = str(campaign.window.uid)

    assert accept_reply(google(uid, attendee="ann@example.org"), now=NOW + MINUTE)
    assert not accept_reply(google(uid, attendee="cem@example.org"), now=NOW + MINUTE)  # told, not invited

    row = Acknowledgement.objects.get()
    assert (row.delivery.contact.name, row.answer) == ("ann", "accepted")
