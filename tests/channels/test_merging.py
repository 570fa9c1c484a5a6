"""Many messages in one call: django-anymail's real backends, speaking to a local server in their provider's place."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from apps.channels.merging import SYNTAXES, FormLetter, FormText
from apps.channels.messages import CalendarPart, Phase
from apps.channels.transports.email import EmailTransport

from .contract import GroupContract, NetworkContract
from .merge_peers import LETTER, mailgun, merging, sparkpost
from .servers import RESET, HttpServer

PEERS = {"mailgun": mailgun, "sparkpost": sparkpost}
no_watchdog = None  # anymail's own client has none; docs/channels.md


@pytest.fixture(params=PEERS)
def peer(request, http_server: HttpServer, settings):
    return PEERS[request.param](http_server, settings)


class TestOneByOneThroughMailgun(NetworkContract):
    @pytest.fixture
    def peer(self, http_server: HttpServer, settings):
        return mailgun(http_server, settings, per_call=1)

    test_a_dripping_provider_costs_no_more_than_the_time_out = no_watchdog


class TestInGroupsThroughMailgun(GroupContract):
    @pytest.fixture
    def peer(self, http_server: HttpServer, settings):
        return mailgun(http_server, settings, per_call=3)

    @pytest.fixture
    def messages(self):
        return [merging(number) for number in range(1, 8)]


def test_three_messages_make_one_call_in_which_each_has_all_that_is_its_own(peer):
    messages = [merging(number) for number in (1, 2, 3)]
    receipts = list(peer.transport().send(messages))

    assert all(receipt.accepted for receipt in receipts), receipts
    assert len(peer.server.calls) == 1
    for number, message in enumerate(messages, start=1):
        mail = peer.mails()[message.address]
        whole = message.filled()
        assert (mail["subject"], mail["text"], mail["html"]) == (whole.subject, whole.text, whole.html)
        assert f"Dear P{number}, see https://preavis.test/c/{number}/" in mail["text"]
        assert by_lower_name(mail["headers"]) == by_lower_name(message.headers)
        assert mail["metadata"] == {"delivery": message.key}
        assert mail["tags"] == ["announce"]


def test_a_message_with_a_calendar_of_its_own_goes_by_itself(peer):
    calendar = CalendarPart(method="REQUEST", body=b"BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n")
    messages = [merging(1), merging(2, calendar=calendar), merging(3)]

    receipts = list(peer.transport().send(messages))

    assert all(receipt.accepted for receipt in receipts), receipts
    assert [b"invitation.ics" in call.body for call in peer.server.calls].count(True) == 1
    assert len(peer.server.calls) == 3


def test_recipients_of_the_same_file_share_a_call_and_others_have_their_own(peer):
    file = b"BEGIN:VCALENDAR\r\nSUMMARY:%d\r\nEND:VCALENDAR\r\n"
    messages = [merging(number, maintnote=file % (number // 3)) for number in range(6)]

    receipts = list(peer.transport().send(messages))

    assert all(receipt.accepted for receipt in receipts), receipts
    assert [b"maintnote.ics" in call.body for call in peer.server.calls] == [True, True]


def test_the_provider_s_name_for_the_call_is_kept_for_each(peer):
    receipts = list(peer.transport().send([merging(number) for number in (1, 2, 3)]))
    assert len({receipt.provider_id for receipt in receipts}) == 1
    assert receipts[0].provider_id


def test_a_name_with_html_in_it_arrives_escaped_once(peer):
    messages = [merging(1), merging(2, name="<b>Ann</b>", html_name="&lt;b&gt;Ann&lt;/b&gt;"), merging(3)]
    list(peer.transport().send(messages))
    mail = peer.mails()["p2@example.org"]
    assert mail["html"].startswith("<p>Dear &lt;b&gt;Ann&lt;/b&gt;,")
    assert mail["text"].startswith("Dear <b>Ann</b>,")


@pytest.mark.parametrize("tag", ["%recipient.v0%", "{{v0}}", "%Unsubscribe_url%", "{{#if x}}"])
def test_a_text_that_could_be_taken_for_a_tag_is_the_same_for_all(peer, tag):
    form = replace_text(LETTER, f"Write {tag} to ")
    messages = [merging(number, form=form) for number in (1, 2)]
    list(peer.transport().send(messages))
    is_tag = tag.startswith("%") == ("mailgun" in peer.backend)
    assert len(peer.server.calls) == (2 if is_tag else 1)
    if is_tag:
        assert all(b"recipient-variables" not in call.body for call in peer.server.calls)
    assert {mail["text"] for mail in peer.mails().values()} == {
        f"Write {tag} to {name}, see https://preavis.test/c/{number}/.\n" for number, name in ((1, "P1"), (2, "P2"))
    }


@pytest.mark.parametrize("name", ["%recipient.v1%", "{{v1}}"])
def test_a_name_that_could_be_taken_for_a_tag_goes_by_itself(peer, name):
    messages = [merging(1), merging(2, name=name), merging(3)]
    list(peer.transport().send(messages))
    assert peer.mails()["p2@example.org"]["text"].startswith(f"Dear {name}, see")


def test_a_text_may_not_touch_a_tag_with_the_tag_s_own_signs():
    touching = replace(LETTER, text=FormText(literals=("{", "%", ""), names=("v0", "v1")))
    assert [syntax.tagged(touching) for syntax in SYNTAXES.values()] == [None, None]


def test_two_people_of_one_address_go_in_two_calls(peer):
    messages = [merging(1), merging(2, address="P1@example.org"), merging(3)]
    list(peer.transport().send(messages))
    assert [sorted(peer.sent(call)) for call in peer.server.calls] == [["p1@example.org"], ["P1@example.org", "p3@example.org"]]


@pytest.mark.parametrize("address", ["cem@Example.org", "cem@exämple.org", "cem@xn--exmple-cua.org", "Cem <cem@example.org>"])
def test_an_address_that_anymail_may_write_differently_goes_by_itself(peer, address):
    receipts = list(peer.transport().send([merging(1), merging(2, address=address), merging(3)]))
    assert len(peer.server.calls) == 3
    assert [receipt.key for receipt in receipts] == ["key-1", "key-2", "key-3"]


def test_readers_of_two_letters_never_share_a_call(peer):
    other = replace_text(LETTER, "Cher ")
    messages = [merging(1), merging(2), merging(3, form=other), merging(4, form=other)]
    list(peer.transport().send(messages))
    assert [len(peer.sent(call)) for call in peer.server.calls] == [2, 2]


def test_a_refusal_for_one_address_is_not_the_others(http_server, settings):
    """Mailgun refuses the whole call for one bad address."""
    peer = mailgun(http_server, settings)
    bad = (400, {}, json.dumps({"message": "to parameter is not a valid address. please check documentation"}))
    http_server.script.extend([bad, peer.accepted, bad, peer.accepted, bad])  # 4, the first 2, the last 2, 3, 4

    receipts = list(peer.transport().send([merging(number) for number in (1, 2, 3, 4)]))

    assert [receipt.accepted for receipt in receipts] == [True, True, True, False]
    assert [receipt.key for receipt in receipts] == ["key-1", "key-2", "key-3", "key-4"]
    assert (receipts[3].error.permanent, receipts[3].error.phase) == (True, Phase.BEFORE)


@pytest.mark.parametrize(
    ("answer", "phases", "retry_after"),
    [
        pytest.param((429, {"Retry-After": "30"}, "{}"), [Phase.BEFORE] * 3, timedelta(seconds=30), id="429"),
        pytest.param((401, {}, "{}"), [Phase.BEFORE] * 3, None, id="401"),
        pytest.param((500, {}, "oops"), [Phase.AFTER] * 3, None, id="500"),
        pytest.param((200, {}, "not JSON"), [Phase.AFTER] * 3, None, id="200 that says nothing"),
        pytest.param(RESET, [Phase.AFTER] * 3, None, id="reset"),
    ],
)
def test_what_befalls_the_call_befalls_all(peer, answer, phases, retry_after):
    peer.server.script.append(answer)
    errors = [receipt.error for receipt in peer.transport().send([merging(number) for number in (1, 2, 3)])]
    assert [error.phase for error in errors] == phases
    assert {error.permanent for error in errors} == {False}
    assert {error.retry_after for error in errors} == {retry_after}
    assert len(peer.server.calls) == 1


def test_after_a_call_without_an_answer_the_rest_is_not_tried(http_server, settings):
    peer = mailgun(http_server, settings, per_call=3)
    http_server.script.append((500, {}, "oops"))
    errors = [receipt.error for receipt in peer.transport().send([merging(number) for number in range(9)])]
    assert [error.phase for error in errors] == [Phase.AFTER] * 3 + [Phase.BEFORE] * 6
    assert len(http_server.calls) == 1


def test_a_provider_that_does_not_say_whom_it_refused_leaves_all_in_doubt(http_server, settings):
    peer = sparkpost(http_server, settings)
    http_server.default = peer.answer(2, rejected=1)
    errors = [receipt.error for receipt in peer.transport().send([merging(number) for number in (1, 2, 3)])]
    assert [(error.phase, error.channel_down) for error in errors] == [(Phase.AFTER, False)] * 3


def test_a_provider_that_refused_all_says_so_of_each(http_server, settings):
    peer = sparkpost(http_server, settings)
    http_server.default = peer.answer(0, rejected=3)
    errors = [receipt.error for receipt in peer.transport().send([merging(number) for number in (1, 2, 3)])]
    assert [(error.permanent, error.phase, error.bad_address) for error in errors] == [(True, Phase.BEFORE, False)] * 3


def test_each_recipient_s_status_is_their_own(http_server, settings, monkeypatch):
    """As a provider would tell it that answers for each address."""
    from anymail.backends.mailgun import EmailBackend
    from anymail.message import AnymailRecipientStatus

    words = dict(zip(range(1, 7), ("sent", "queued", "invalid", "rejected", "failed", "unknown"), strict=True))
    said = {f"p{number}@example.org": AnymailRecipientStatus(f"id-{number}", word) for number, word in words.items()}
    monkeypatch.setattr(EmailBackend, "parse_recipient_status", lambda *_args: said)
    receipts = list(mailgun(http_server, settings).transport().send([merging(number) for number in range(1, 8)]))

    assert [receipt.provider_id for receipt in receipts] == ["id-1", "id-2", "", "", "", "", ""]
    errors = [receipt.error for receipt in receipts[2:]]
    assert [(error.permanent, error.bad_address, error.phase.value) for error in errors] == [
        (True, True, "before"),
        (True, False, "before"),
        (True, False, "before"),
        (False, False, "after"),
        (False, False, "after"),  # not mentioned at all
    ]


def test_no_more_go_in_one_call_than_the_channel_says(http_server, settings):
    peer = mailgun(http_server, settings, per_call=2)
    list(peer.transport().send([merging(number) for number in range(5)]))
    assert [len(peer.sent(call)) for call in http_server.calls] == [2, 2, 1]


def test_a_provider_without_a_table_entry_takes_them_one_by_one(http_server, settings):
    http_server.default = (200, {}, json.dumps({"ErrorCode": 0, "Message": "OK", "MessageID": "pm-1", "To": "p@example.org"}))
    settings.ANYMAIL = {"POSTMARK_SERVER_TOKEN": "hush", "POSTMARK_API_URL": f"{http_server.url}/"}
    transport = EmailTransport(config={"backend": "anymail.backends.postmark.EmailBackend"}, secrets={})
    assert (transport.takes_merge, transport.group_size) == (False, 1)
    assert all(receipt.accepted for receipt in transport.send([merging(1), merging(2)]))
    assert [json.loads(call.body)["TextBody"][:7] for call in http_server.calls] == ["Dear P1", "Dear P2"]


def test_every_provider_of_the_table_exists_and_tags_with_the_value_s_name():
    from django.utils.module_loading import import_string

    for path, syntax in SYNTAXES.items():
        assert import_string(path).__qualname__ == "EmailBackend"
        for tag in (syntax.tag, syntax.html_tag):
            assert re.match(syntax.begins, tag), path


def by_lower_name(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def replace_text(form: FormLetter, opening: str) -> FormLetter:
    return replace(form, text=FormText(literals=(opening, *form.text.literals[1:]), names=form.text.names))
