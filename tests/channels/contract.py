"""What every transport promises, as tests: a test class per transport inherits them and brings its peer."""

import logging
import time
from datetime import UTC, datetime
from typing import Any, Protocol

import pytest

from apps.channels.contract import Transport
from apps.channels.messages import Message, Phase, Receipt, TransportError
from apps.channels.traces import Trace

from .servers import CLOSE, DRIP, RESET, SILENCE

PATIENT, HURRIED = 10.0, 0.2  # seconds a transport waits for an answer; the machine under the tests may be slow
SOON = 3.0  # well below PATIENT
SECRET = "whsec_c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0"
HANDED_OVER = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
BODY = "The database will be out of reach."


class Peer(Protocol):
    """A provider at the other end. Each order concerns the next hand-over, after `skip` that go well."""

    address: str
    patience: float

    def transport(self) -> Transport: ...
    def received(self) -> int: ...
    def refuse(self, *, permanent: bool, skip: int = 0) -> None: ...
    def break_after_taking(self) -> None: ...
    def fall_silent_after_taking(self) -> None: ...


class NetworkPeer(Peer, Protocol):
    def connections(self) -> int: ...
    def drip(self) -> None: ...
    def vanish(self) -> None: ...


def make_message(number: int = 1, **fields: Any) -> Message:
    defaults = {"key": f"key-{number}", "address": "cem@example.org", "subject": f"Window {number}", "text": BODY}
    return Message(**(defaults | fields))


class TransportContract:
    @pytest.fixture
    def messages(self, peer: Peer) -> list[Message]:
        return [make_message(number, address=peer.address) for number in (1, 2, 3)]

    def test_sends_each_message_once(self, peer, messages):
        receipts = list(peer.transport().send(messages))
        assert all(receipt.accepted for receipt in receipts), receipts
        assert peer.received() == 3

    def test_gives_one_receipt_per_message_in_order(self, peer, messages):
        peer.refuse(permanent=True, skip=1)
        receipts = list(peer.transport().send(messages))
        assert [receipt.key for receipt in receipts] == ["key-1", "key-2", "key-3"]
        assert [receipt.accepted for receipt in receipts] == [True, False, True]

    def test_gives_each_receipt_before_the_next_message(self, peer, messages):
        receipts = peer.transport().send(messages)
        next(receipts)
        assert peer.received() == 1
        receipts.close()

    def test_sends_nothing_more_when_the_caller_stops_asking(self, peer, messages):
        receipts = peer.transport().send(messages)
        next(receipts)
        receipts.close()
        assert peer.received() == 1

    def test_a_permanent_refusal_says_so(self, peer, messages):
        peer.refuse(permanent=True)
        error = first(peer, messages).error
        assert (error.permanent, error.phase) == (True, Phase.BEFORE)

    def test_a_temporary_refusal_says_so(self, peer, messages):
        peer.refuse(permanent=False)
        error = first(peer, messages).error
        assert (error.permanent, error.phase) == (False, Phase.BEFORE)

    def test_a_message_taken_without_an_answer_is_in_doubt_and_not_repeated(self, peer, messages):
        peer.break_after_taking()
        error = first(peer, messages).error
        assert (error.permanent, error.phase) == (False, Phase.AFTER)
        assert peer.received() == 1

    def test_after_a_silence_the_rest_is_not_tried(self, peer, messages):
        peer.patience = HURRIED
        peer.fall_silent_after_taking()
        errors = [receipt.error for receipt in peer.transport().send(messages)]
        assert [error.phase for error in errors] == [Phase.AFTER, Phase.BEFORE, Phase.BEFORE]
        assert not any(error.permanent for error in errors)
        assert peer.received() == 1

    def test_sends_nothing_when_there_is_nothing(self, peer):
        assert list(peer.transport().send([])) == []

    def test_neither_logs_nor_repeats_body_address_or_secret(self, peer, messages, caplog):
        caplog.set_level(logging.DEBUG)
        peer.refuse(permanent=True, skip=1)
        receipts = list(peer.transport().send(messages))
        peer.break_after_taking()
        receipts.append(first(peer, messages))
        ours = [record.getMessage() for record in caplog.records if record.name != "mail.log"]  # the test's server's own
        said = " ".join([*ours, *(f"{receipt.error} {receipt.error.args}" for receipt in receipts if receipt.error)])
        hidden = [BODY, SECRET, *peer.transport().secrets.values(), *([peer.address] if peer.address else [])]
        assert [text for text in hidden if text in said] == []

    def test_its_own_configuration_is_sound(self, peer):
        transport = peer.transport()
        assert type(transport).problems(config=transport.config, secrets=transport.secrets) == []

    def test_each_required_option_is_missed_by_name(self, peer):
        transport = peer.transport()
        for option in (option for option in transport.options if option.is_required):
            config = {name: value for name, value in transport.config.items() if name != option.name}
            secrets = {name: value for name, value in transport.secrets.items() if name != option.name}
            found = type(transport).problems(config=config, secrets=secrets)
            assert any(str(option.label) in problem for problem in found), option.name

    def test_an_unknown_option_is_named(self, peer):
        transport = peer.transport()
        found = type(transport).problems(config={**transport.config, "colour": "red"}, secrets=transport.secrets)
        assert "colour" in " ".join(found)


class NetworkContract(TransportContract):
    """What a transport promises that talks to a provider over the network."""

    def test_one_connection_serves_all(self, peer, messages):
        list(peer.transport().send(messages))
        assert peer.connections() == 1

    def test_a_silent_provider_costs_no_more_than_the_time_out(self, peer, messages):
        peer.patience = HURRIED
        peer.fall_silent_after_taking()
        assert seconds_of(peer, messages) < SOON

    def test_a_dripping_provider_costs_no_more_than_the_time_out(self, peer, messages):
        peer.patience = HURRIED
        peer.drip()
        assert seconds_of(peer, messages) < SOON

    def test_without_a_connection_nothing_was_sent_and_all_may_go_later(self, peer, messages):
        transport = peer.transport()
        peer.vanish()
        errors = [receipt.error for receipt in transport.send(messages)]
        assert [(error.permanent, error.phase, error.channel_down) for error in errors] == [(False, Phase.BEFORE, True)] * 3

    def test_line_ends_and_marks_in_the_subject_do_no_harm(self, peer):
        message = make_message(address=peer.address, subject="Window\r\nBcc: eve@example.org\u2028<!channel> \x00 @all")
        assert first(peer, [message]).accepted


class GroupContract:
    """What a transport promises that takes three messages in one call. Its `messages` may all share one, and are seven."""

    def test_messages_go_in_calls_of_three_and_receipts_in_order(self, peer, messages):
        receipts = list(peer.transport().send(messages))
        assert [receipt.key for receipt in receipts] == [message.key for message in messages]
        assert all(receipt.accepted for receipt in receipts), receipts
        assert peer.received() == 3

    def test_the_next_call_waits_until_all_receipts_of_one_were_taken(self, peer, messages):
        receipts = peer.transport().send(messages)
        for _receipt in range(3):
            next(receipts)
            assert peer.received() == 1
        receipts.close()

    def test_no_more_messages_are_asked_for_than_go_in_the_call(self, peer, messages):
        asked: list[Message] = []
        receipts = peer.transport().send(asked.append(message) or message for message in messages)
        next(receipts)
        assert len(asked) == 3
        receipts.close()

    def test_the_gate_is_passed_once_per_call_and_before_it(self, peer, messages):
        seen: list[int] = []
        list(peer.transport().send(messages, gate=lambda: seen.append(peer.received())))
        assert seen == [0, 1, 2]

    def test_nothing_of_a_group_leaves_through_a_closed_gate(self, peer, messages):
        class Closed(Exception):
            pass

        def gate() -> None:
            raise Closed

        with pytest.raises(Closed):
            list(peer.transport().send(messages, gate=gate))
        assert peer.received() == 0

    def test_a_call_without_an_answer_leaves_its_messages_in_doubt_and_no_others(self, peer, messages):
        peer.break_after_taking()
        errors = [receipt.error for receipt in peer.transport().send(messages)]
        assert [error.phase for error in errors] == [Phase.AFTER] * 3 + [Phase.BEFORE] * 4
        assert peer.received() == 1

    def test_without_a_connection_no_message_was_sent_and_all_may_go_later(self, peer, messages):
        transport = peer.transport()
        peer.vanish()
        errors = [receipt.error for receipt in transport.send(messages)]
        assert {(error.permanent, error.phase, error.channel_down) for error in errors} == {(False, Phase.BEFORE, True)}

    def test_neither_logs_nor_repeats_the_addresses_of_a_call(self, peer, messages, caplog):
        caplog.set_level(logging.DEBUG)
        peer.break_after_taking()
        receipts = list(peer.transport().send(messages))
        said = " ".join([*caplog.messages, *(f"{receipt.error} {receipt.error.args}" for receipt in receipts)])
        assert [message.address for message in messages if message.address in said] == []


class LookUpPeer(NetworkPeer, Protocol):
    def knows(self, message: Message, *, at: datetime, accepted: bool = True) -> None: ...
    def answer_questions(self, answer: Any) -> None: ...


class LookUpContract(NetworkContract):
    """What a transport promises whose provider can be asked what became of a message."""

    def asked(self, peer: LookUpPeer, message: Message) -> list[Trace]:
        transport = peer.transport()
        try:
            return list(transport.look_up(message, around=HANDED_OVER))
        finally:
            transport.close()

    def test_says_that_it_can(self, peer):
        assert peer.transport().can_look_up

    def test_finds_what_the_provider_took(self, peer, messages):
        peer.knows(messages[0], at=HANDED_OVER)
        assert [trace.accepted for trace in self.asked(peer, messages[0])] == [True]

    def test_finds_what_the_provider_gave_up(self, peer, messages):
        peer.knows(messages[0], at=HANDED_OVER, accepted=False)
        assert [trace.accepted for trace in self.asked(peer, messages[0])] == [False]

    def test_finds_nothing_where_there_is_nothing(self, peer, messages):
        assert self.asked(peer, messages[0]) == []

    def test_asking_sends_nothing(self, peer, messages):
        self.asked(peer, messages[0])
        assert peer.received() == 0

    @pytest.mark.parametrize("answer", [(500, {}, "oops"), (401, {}, "who?"), (200, {}, "<html>"), (200, {}, "[]"), RESET, CLOSE])
    def test_an_answer_from_which_nothing_follows_is_an_error(self, peer, messages, answer):
        peer.answer_questions(answer)
        with pytest.raises(TransportError):
            self.asked(peer, messages[0])

    @pytest.mark.parametrize("answer", [SILENCE, DRIP])
    def test_a_question_costs_no_more_than_the_time_out(self, peer, messages, answer):
        peer.patience = HURRIED
        peer.answer_questions(answer)
        began = time.monotonic()
        with pytest.raises(TransportError):
            self.asked(peer, messages[0])
        assert time.monotonic() - began < SOON

    def test_without_a_connection_nothing_follows(self, peer, messages):
        transport = peer.transport()
        peer.vanish()
        with pytest.raises(TransportError):
            transport.look_up(messages[0], around=HANDED_OVER)


def first(peer: Peer, messages: list[Message]) -> Receipt:
    return next(iter(list(peer.transport().send(messages[:1]))))


def seconds_of(peer: Peer, messages: list[Message]) -> float:
    began = time.monotonic()
    list(peer.transport().send(messages))
    return time.monotonic() - began
