"""The maintnote file of e-mails on the real engine: from the release to what readers of the standard find in the mail."""

from datetime import timedelta
from email.message import EmailMessage

import pytest
from icalendar import Calendar

from apps.campaigns import services as campaigns
from apps.campaigns.models import Anchor
from apps.channels.models import ChannelKind
from apps.delivery import journal
from apps.tracking.inbox.letters import take_in
from apps.upstream.reading import ReadNotice, read_notices
from tests.channels.servers import SmtpServer
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
from tests.publishing.consumer import needs_consumer, read_by_consumer

from .test_engine import broken, move, tick
from .test_invitations import mails

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


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


@pytest.fixture
def channel(server):
    config = {"host": "127.0.0.1", "port": server.port, "from_address": "Équipe <maintenance@example.org>"}
    return make_channel(ChannelKind.EMAIL, config=config)


def released(channel, **step_fields):
    """Announced to carriers with the file, to others without; confirmed to carriers with the file."""
    for key in ("announce", "done", "moved", "cancelled"):
        make_template(content_key=key, subject=key, body="{{ window.times }}")
    make_contact(email="noc@carrier.example", organisation="Carrier, Ltd.", attributes={"group": "carriers"})
    make_contact(email="desk@peer.example", attributes={"group": "carriers"})
    make_contact(email="cem@example.org", attributes={"group": "others"})
    playbook = make_playbook()
    for group in ("carriers", "others"):
        segment = make_segment({"field": "attributes.group", "op": "is", "value": group}, name=group)
        fields = {"channel": channel, "segment": segment, "attaches_maintnote": group == "carriers", **step_fields}
        make_step(playbook, **fields)
        make_step(playbook, key="done", anchor=Anchor.ACTUAL_END, content_key="done", **fields)
    window = make_window(status="draft", revision=0, scheduled_at=None, starts_at=NOW + 30 * DAY, effect="Fermé ; à demain.")
    campaign = campaigns.open_campaign(window, playbook=playbook, owner=None, actor=None, now=NOW)
    return campaigns.release(campaign, actor=None, now=NOW)


def file_of(mail: EmailMessage) -> bytes | None:
    """The maintnote file, where it is in its place and says of itself what it should."""
    files = list(mail.iter_attachments())
    if not files:
        return None
    (file,) = files
    assert mail.get_content_type() == "multipart/mixed"
    assert file.get_filename() == "maintnote.ics"
    assert (file.get_content_type(), file["Content-Type"].params["charset"]) == ("text/calendar", "utf-8")
    assert "method" not in file["Content-Type"].params
    return file.get_payload(decode=True)


def notices(server, subject: str) -> dict[str, ReadNotice]:
    """What a reader of the standard finds, by recipient, of those who got a file."""
    found = {}
    for address, mail in mails(server, subject).items():
        if (file := file_of(mail)) is not None:
            reading = read_notices(file)
            assert reading.faults == ()
            (found[address],) = reading.notices
    return found


CARRIERS = {"noc@carrier.example", "desk@peer.example"}


def test_those_of_a_ticked_step_get_the_file_and_nobody_else_does(server, channel):
    campaign = released(channel)

    tick(NOW)

    assert set(mails(server, "announce")) == {*CARRIERS, "cem@example.org"}
    found = notices(server, "announce")
    assert set(found) == CARRIERS
    assert {notice.uid for notice in found.values()} == {str(campaign.window.uid)}
    assert {(notice.sequence, notice.starts_at) for notice in found.values()} == {(1, campaign.window.starts_at)}


def test_the_account_is_the_recipient_s_organisation_or_else_the_segment(server, channel):
    released(channel)

    tick(NOW)

    accounts = {address: notice.account for address, notice in notices(server, "announce").items()}
    assert accounts == {"noc@carrier.example": "Carrier Ltd.", "desk@peer.example": "carriers"}


def test_a_move_is_the_same_notice_with_the_next_number(server, channel):
    campaign = released(channel)
    tick(NOW)

    move(campaign, now=NOW + MINUTE)
    tick(NOW + MINUTE)

    campaign.window.refresh_from_db()
    found = notices(server, "moved")
    assert set(found) == CARRIERS
    assert {(notice.sequence, notice.starts_at) for notice in found.values()} == {(2, campaign.window.starts_at)}
    assert broken(NOW + 2 * MINUTE) == []


def test_its_end_is_told_in_the_words_of_the_standard(server, channel):
    campaign = released(channel)
    tick(NOW)
    campaigns.cancel(campaign, reason="Not needed.", actor=None, now=NOW + MINUTE)
    tick(NOW + MINUTE)

    events = [Calendar.from_ical(file_of(mails(server, "cancelled")[address])).events[0] for address in CARRIERS]
    assert {(event["X-MAINTNOTE-STATUS"], event["SEQUENCE"]) for event in events} == {("CANCELLED", 2)}


def test_a_completion_carries_it_where_its_step_does(server, channel):
    campaign = released(channel)
    tick(NOW)
    window = campaign.window
    campaigns.start(campaign, actor=None, now=window.starts_at)
    campaigns.complete(campaign, outcome="", is_temporary=False, actor=None, now=window.ends_at)
    tick(window.ends_at)

    assert {str(notice.status) for notice in notices(server, "done").values()} == {"COMPLETED"}


def test_beside_an_invitation_both_are_there_each_for_its_reader(server, channel):
    released(channel, invites=True)

    tick(NOW)

    mail = mails(server, "announce")["noc@carrier.example"]
    kinds = [part.get_content_type() for part in mail.get_body(("plain",)) and next(mail.iter_parts()).iter_parts()]
    assert kinds == ["text/plain", "text/html", "text/calendar"]
    assert b"METHOD" not in file_of(mail)


def test_what_comes_back_to_us_is_known_as_our_own(server, channel):
    released(channel)
    tick(NOW)

    for envelope in list(server.envelopes):
        taken = take_in(envelope.original_content, source="pipe", now=NOW + MINUTE)
        assert (taken.replies, taken.notices, taken.problems) == (0, 0, [])


@needs_consumer
def test_the_usual_consumer_takes_the_file(server, channel):
    campaign = released(channel)
    tick(NOW)

    (found,) = read_by_consumer(file_of(mails(server, "announce")["noc@carrier.example"]))
    assert (found["status"], found["account"], found["uid"]) == ("CONFIRMED", "Carrier Ltd.", str(campaign.window.uid))
