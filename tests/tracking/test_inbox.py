import io
import ssl
import sys

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError

from apps.common.redis import redis_client, redis_key
from apps.tracking import services, tasks
from apps.tracking.inbox import letters, poll
from apps.tracking.inbox.letters import take_in
from apps.tracking.models import Acknowledgement, InboxMessage
from apps.upstream.models import UpstreamNotice
from tests.channels.conftest import certificate, certificate_context  # noqa: F401
from tests.factories import DAY, NOW, make_planner, make_playbook
from tests.tracking.imap_server import ImapServer
from tests.tracking.letters import letter
from tests.upstream.factories import calendar, event

pytestmark = pytest.mark.django_db

NOTICE = calendar(event())
STRANGER = calendar(event().replace("X-MAINTNOTE", "X-OTHER"))


@pytest.fixture(autouse=True)
def playbook():
    return make_playbook()


@pytest.fixture
def server(settings, redis_server):
    server = ImapServer()
    point_to(settings, server)
    yield server
    server.stop()


def point_to(settings, server, **others):
    settings.INBOX_HOST, settings.INBOX_PORT = "127.0.0.1", server.port
    settings.INBOX_USER, settings.INBOX_PASSWORD = "inbox", "secret"
    settings.INBOX_FOLDER, settings.INBOX_SECURITY = "INBOX", "none"
    for name, value in others.items():
        setattr(settings, name, value)


def go(**others):
    return poll.poll(clock=lambda: NOW, **others)


def test_a_notice_that_comes_by_mail_becomes_a_draft():
    taken = take_in(letter(NOTICE), source="pipe", now=NOW)
    assert (taken.notices, taken.replies, taken.others) == (1, 0, 0)
    assert UpstreamNotice.objects.get().window.title == "Fibre works in Lyon"


def test_a_message_that_comes_again_does_nothing():
    take_in(letter(NOTICE), source="pipe", now=NOW)
    assert take_in(letter(NOTICE), source="imap", now=NOW).is_repeat
    assert (InboxMessage.objects.count(), UpstreamNotice.objects.count()) == (1, 1)


def test_the_same_message_id_on_another_notice_is_another_message():
    take_in(letter(NOTICE), source="pipe", now=NOW)
    take_in(letter(calendar(event(UID="43"))), source="pipe", now=NOW)
    assert UpstreamNotice.objects.count() == 2


def test_a_reply_is_handed_to_the_acknowledgements(monkeypatch):
    seen = []
    monkeypatch.setattr(letters, "accept_reply", lambda content, *, now: seen.append((content, now)) or True)
    reply = calendar(event().replace("X-MAINTNOTE", "X-OTHER"), head=["METHOD:REPLY"])
    assert take_in(letter(reply), source="pipe", now=NOW).replies == 1
    assert seen == [(reply, NOW)]


def test_a_reply_that_repeats_the_properties_of_its_invitation_is_a_reply(monkeypatch):
    monkeypatch.setattr(letters, "accept_reply", lambda content, *, now: True)
    taken = take_in(letter(calendar(event(), head=["METHOD:REPLY"])), source="pipe", now=NOW)
    assert (taken.replies, taken.notices) == (1, 0)


def test_our_own_invitation_that_bounces_makes_no_notice():
    taken = take_in(letter(calendar(event(X_MAINTNOTE_PROVIDER="preavis.test"))), source="pipe", now=NOW)
    assert (taken.notices, taken.others) == (0, 1)
    assert not UpstreamNotice.objects.exists()


def test_a_reply_to_nothing_of_ours_is_counted_and_left():
    reply = calendar(event().replace("X-MAINTNOTE", "X-OTHER"), head=["METHOD:REPLY"])
    assert take_in(letter(reply), source="pipe", now=NOW).others == 1
    assert not Acknowledgement.objects.exists()


def test_of_strangers_mail_only_the_count_is_kept():
    take_in(letter(STRANGER, sender="Zoe <zoe@example.org>"), source="pipe", now=NOW)
    row = InboxMessage.objects.get()
    assert (row.others, row.sender, row.subject, row.kept) == (1, "", "", "")


def test_an_event_that_cannot_be_read_is_named_and_kept():
    take_in(letter(calendar(event(), event(UID="bad", DTSTART="soon"))), source="pipe", now=NOW)
    row = InboxMessage.objects.get()
    assert (row.notices, UpstreamNotice.objects.count()) == (1, 1)
    assert row.problems == ["bad, line 23: DTSTART: “soon” is not a time such as 20260302T093000Z."]
    assert "UID:bad" in row.kept


def test_a_crash_before_the_message_was_noted_is_followed_by_a_repeat_without_doubles(monkeypatch):
    def crash(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(letters, "_note", crash)
        with pytest.raises(KeyboardInterrupt):
            take_in(letter(NOTICE), source="pipe", now=NOW)
    assert not take_in(letter(NOTICE), source="pipe", now=NOW).is_repeat
    assert UpstreamNotice.objects.count() == 1


def test_one_calendar_that_breaks_something_does_not_keep_the_others_from_it(monkeypatch):
    def fail(*_, **__):
        raise RuntimeError("a bug")

    monkeypatch.setattr(letters, "accept_reply", fail)
    reply = calendar(event().replace("X-MAINTNOTE", "X-OTHER"), head=["METHOD:REPLY"])
    taken = take_in(letter(reply, NOTICE), source="pipe", now=NOW)
    assert (taken.notices, len(taken.problems)) == (1, 1)


def test_the_mailbox_is_read_and_marked(server):
    uid = server.deliver(letter(NOTICE))
    polled = go()
    assert (polled.messages, polled.notices) == (1, 1)
    assert server.flags[uid] == {"PreavisRead", r"\Seen"}
    assert go().messages == 0


def test_other_peoples_mail_stays_unread(server):
    uid = server.deliver(letter(STRANGER))
    assert go().left == 1
    assert server.flags[uid] == {"PreavisRead"}


def test_where_the_server_takes_no_marks_whatever_was_read_is_seen(settings, redis_server):
    server = ImapServer(takes_marks=False)
    point_to(settings, server)
    uid = server.deliver(letter(STRANGER))
    go()
    server.stop()
    assert server.flags[uid] == {r"\Seen"}
    assert any(command.startswith("SEARCH UNSEEN SINCE 31-Jan-2026") for command in server.commands)


def test_what_could_not_be_read_is_flagged_for_a_person(server):
    uid = server.deliver(letter(calendar(event(DTSTART="soon"))))
    go()
    assert r"\Flagged" in server.flags[uid]


def test_a_message_that_is_too_large_is_flagged_and_not_fetched(server, monkeypatch):
    monkeypatch.setattr(poll, "LARGEST_MESSAGE", 100)
    uid = server.deliver(letter(NOTICE))
    go()
    assert server.flags[uid] == {"PreavisRead", r"\Flagged"}
    assert not any("BODY" in command for command in server.commands)


@pytest.mark.parametrize("command", ["SEARCH", "FETCH", "STORE"])
def test_a_connection_that_breaks_is_made_good_by_the_next_poll(server, command):
    server.deliver(letter(NOTICE))
    server.deliver(letter(calendar(event(UID="43")), message_id="<2@carrier.example>"))
    server.breaks_on = command
    assert go() is None
    assert poll.last_state()["problem"]
    go()
    assert UpstreamNotice.objects.count() == 2
    assert all("PreavisRead" in flags for flags in server.flags.values())
    assert poll.last_state()["problem"] == ""


def test_a_message_that_has_gone_meanwhile_is_passed_over(server):
    uid = server.deliver(letter(NOTICE))
    del server.messages[uid]
    assert go().messages == 0


def test_a_second_poller_leaves_the_work_to_the_first(server):
    server.deliver(letter(NOTICE))
    redis_client().set(redis_key("inbox", "polling"), "another")
    assert go() is None
    assert not server.commands


def test_a_poller_whose_lock_has_passed_to_another_stops(server, monkeypatch):
    server.deliver(letter(NOTICE))
    taking = poll._take

    def lose(*args, **kwargs):
        taking(*args, **kwargs)
        redis_client().set(redis_key("inbox", "polling"), "another")

    monkeypatch.setattr(poll, "_take", lose)
    server.deliver(letter(calendar(event(UID="43")), message_id="<2@carrier.example>"))
    assert go().messages == 1


def test_the_mailbox_is_read_over_tls(settings, redis_server, certificate, certificate_context):  # noqa: F811
    server = ImapServer(tls=certificate_context)
    point_to(settings, server, INBOX_SECURITY="tls")
    server.deliver(letter(NOTICE))
    assert go(context=ssl.create_default_context(cafile=certificate)).notices == 1
    server.stop()


def test_the_mailbox_is_read_over_starttls(settings, redis_server, certificate, certificate_context):  # noqa: F811
    server = ImapServer(starttls=certificate_context)
    point_to(settings, server, INBOX_SECURITY="starttls")
    server.deliver(letter(NOTICE))
    assert go(context=ssl.create_default_context(cafile=certificate)).notices == 1
    server.stop()


def test_a_certificate_that_nobody_vouches_for_gets_no_password(settings, redis_server, certificate_context):  # noqa: F811
    server = ImapServer(tls=certificate_context)
    point_to(settings, server, INBOX_SECURITY="tls")
    assert go() is None
    server.stop()
    assert "certificate" in poll.last_state()["problem"].lower()
    assert not server.commands


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [("INBOX_PASSWORD", "wrong", "does not let inbox in"), ("INBOX_FOLDER", "Else", "Else cannot be opened")],
)
def test_a_mailbox_that_cannot_be_read_says_why(settings, server, name, value, words):
    setattr(settings, name, value)
    assert go() is None
    assert words in poll.last_state()["problem"]
    assert "wrong" not in poll.last_state()["problem"]


def test_a_server_that_is_away_says_so(settings, server):
    settings.INBOX_PORT = 1
    assert go() is None
    assert "127.0.0.1:1 does not answer" in poll.last_state()["problem"]


def test_without_a_mailbox_nothing_is_polled(settings):
    settings.INBOX_HOST = ""
    tasks.poll_inbox()


def test_a_mail_server_pipes_a_message_in(monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(letter(NOTICE))))
    call_command("receive_mail")
    assert "1 notices" in capsys.readouterr().out
    assert UpstreamNotice.objects.count() == 1


def test_a_mail_server_is_told_to_try_again_while_the_database_is_away(monkeypatch):
    def away(*_, **__):
        raise OperationalError("gone")

    monkeypatch.setattr("apps.tracking.management.commands.receive_mail.take_in", away)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(letter(NOTICE))))
    with pytest.raises(CommandError) as refusal:
        call_command("receive_mail")
    assert refusal.value.returncode == 75


def test_messages_are_forgotten_after_they_can_no_longer_be_found():
    take_in(letter(NOTICE), source="imap", now=NOW)
    services.forget(now=NOW + 40 * DAY)
    assert InboxMessage.objects.exists()
    services.forget(now=NOW + 61 * DAY)
    assert not InboxMessage.objects.exists()


def test_the_list_of_messages_says_how_to_name_a_mailbox(client, settings):
    settings.INBOX_HOST = ""
    client.force_login(make_planner())
    assert "INBOX_HOST" in client.get("/admin/tracking/inboxmessage/").content.decode()


def test_the_list_of_messages_says_why_the_mailbox_cannot_be_read(client, settings, server):
    settings.INBOX_PASSWORD = "wrong"
    go()
    client.force_login(make_planner())
    assert "does not let inbox in" in client.get("/admin/tracking/inboxmessage/").content.decode()
