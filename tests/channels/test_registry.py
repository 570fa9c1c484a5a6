import pytest
from django.core.checks import run_checks

from apps.channels.models import ChannelKind
from apps.channels.registry import TRANSPORTS, problems, transport_for
from apps.channels.services import save_channel
from apps.channels.transports.memory import MemoryTransport
from tests.factories import NOW, make_channel

from .contract import make_message

pytestmark = pytest.mark.django_db


def test_every_kind_has_its_transport():
    assert set(TRANSPORTS) == set(ChannelKind.values)
    assert all(transport.kind == kind for kind, transport in TRANSPORTS.items())


def test_a_channel_gets_its_transport_with_secrets_in_the_clear():
    channel = save_channel(make_channel(ChannelKind.SMS), secrets={"token": "hush"}, actor=None, now=NOW)
    channel.config = {"account": "AC1", "from_number": "+33123456789"}
    assert transport_for(channel).secrets == {"token": "hush"}
    assert "hush" not in channel.sealed_secrets
    assert isinstance(transport_for(make_channel()), MemoryTransport)


def test_a_channel_with_problems_sends_nothing_and_says_why():
    (receipt,) = transport_for(make_channel(ChannelKind.CHAT)).send([make_message()])
    assert (receipt.error.permanent, receipt.error.channel_down) == (False, True)
    assert "Incoming webhook is missing" in receipt.error.text


def test_secrets_of_a_lost_key_are_named(settings):
    channel = save_channel(make_channel(ChannelKind.CHAT), secrets={"url": "https://example.com"}, actor=None, now=NOW)
    settings.SECRET_KEY = "another"
    assert "SECRET_KEY" in problems(channel)[0]


@pytest.mark.parametrize("fields", [{"kind": "pigeon"}, {"config": []}, {"config": {"port": "x"}, "kind": "email"}])
def test_nonsense_in_the_row_is_a_problem_and_no_crash(fields):
    assert problems(make_channel(**fields))


class TestCheck:
    def found(self, **options: object) -> list[str]:
        return [str(message.msg) for message in run_checks(**options) if str(message.id).startswith("channels.")]

    def test_names_the_channel_and_the_setting(self):
        make_channel(ChannelKind.WEBHOOK, name="Monitoring", config={"url": "http://10.0.0.1/"})
        (said,) = self.found(databases=["default"])
        assert "“Monitoring”" in said
        assert "Signing secret is missing" in said

    def test_a_channel_that_is_off_may_be_half_configured(self):
        make_channel(ChannelKind.WEBHOOK, is_enabled=False)
        assert self.found(databases=["default"]) == []

    def test_sound_channels_are_silent(self):
        make_channel()
        assert self.found(databases=["default"]) == []

    def test_does_not_ask_the_database_unless_told(self, django_assert_num_queries):
        with django_assert_num_queries(0):
            assert self.found() == []

    def test_an_unknown_e_mail_backend_is_an_error(self, settings):
        settings.EMAIL_BACKEND = "no.such.Backend"
        assert "no.such.Backend" in self.found()[0]
