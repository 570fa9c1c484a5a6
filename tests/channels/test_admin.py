import pytest
from django.db import IntegrityError
from django.urls import reverse

from apps.accounts.models import AuditEvent
from apps.channels.models import Channel, ChannelKind
from apps.channels.services import save_channel
from apps.channels.transports.memory import MemoryTransport
from tests.factories import NOW, make_channel, make_planner, make_playbook, make_step

pytestmark = pytest.mark.django_db

HOOK = "https://hooks.example.com/services/T0/B0/hush-hush"


@pytest.fixture
def planner(client):
    planner = make_planner(email="ana@example.org")
    client.force_login(planner)
    return planner


def change_url(channel: Channel) -> str:
    return reverse("admin:channels_channel_change", args=[channel.pk])


def sending_url(channel: Channel) -> str:
    return reverse("admin:channels_channel_test", args=[channel.pk])


def make_chat() -> Channel:
    return save_channel(make_channel(ChannelKind.CHAT, name="Ops room"), secrets={"url": HOOK}, actor=None, now=NOW)


def post(client, channel: Channel, **fields: str):
    data = {"name": channel.name, "slug": channel.slug, "is_enabled": "on"} | fields
    return client.post(change_url(channel), {name: value for name, value in data.items() if value is not None})


@pytest.mark.usefixtures("planner")
class TestConfiguring:
    def test_a_new_channel_is_off_until_its_settings_are_given(self, client):
        response = client.post(reverse("admin:channels_channel_add"), {"name": "Ops", "slug": "ops", "kind": "chat"})
        channel = Channel.objects.get()
        assert response.url == change_url(channel)
        assert not channel.is_enabled

    def test_each_setting_of_the_kind_has_its_field(self, client):
        page = client.get(change_url(make_channel(ChannelKind.SMS))).content.decode()
        for name in ("account", "token", "from_number", "messaging_service", "base_url"):
            assert f'name="setting_{name}"' in page

    @pytest.mark.parametrize("kind", ChannelKind.values)
    def test_the_page_of_every_kind_opens(self, client, kind):
        assert client.get(change_url(make_channel(kind))).status_code == 200

    def test_settings_are_saved_and_secrets_sealed(self, client):
        channel = make_channel(ChannelKind.SMS)
        post(client, channel, setting_account="AC1", setting_token="hush", setting_from_number="+33123456789")
        channel.refresh_from_db()
        assert channel.config == {"account": "AC1", "from_number": "+33123456789"}
        assert channel.secrets == {"token": "hush"}
        assert "hush" not in str(AuditEvent.objects.get().detail)

    def test_a_secret_is_never_shown_again_and_kept_when_left_empty(self, client):
        channel = make_chat()
        assert "hush-hush" not in client.get(change_url(channel)).content.decode()
        post(client, channel, name="Renamed", setting_url="")
        channel.refresh_from_db()
        assert (channel.name, channel.secrets) == ("Renamed", {"url": HOOK})

    def test_a_secret_that_is_not_needed_can_be_forgotten(self, client):
        secrets = {"secret": "whsec_" + "A" * 32, "previous_secret": "whsec_" + "B" * 32}
        channel = make_channel(ChannelKind.WEBHOOK, config={"url": "https://example.com/"})
        save_channel(channel, secrets=secrets, actor=None, now=NOW)
        post(client, channel, setting_url="https://example.com/", forget_previous_secret="on")
        channel.refresh_from_db()
        assert set(channel.secrets) == {"secret"}

    def test_what_becomes_of_a_doubt_is_chosen_per_channel(self, client):
        channel = make_channel(ChannelKind.EMAIL)
        post(client, channel, after_doubt_routine="wait_repeat", evidence_minutes="60")
        channel.refresh_from_db()
        assert (channel.after_doubt_routine, channel.after_doubt_urgent, channel.evidence_minutes) == ("wait_repeat", "", 60)
        assert AuditEvent.objects.get().detail["after_doubt"] == ["wait_repeat", "", 60]

    def test_an_sms_that_would_repeat_by_itself_is_refused_with_the_reason(self, client):
        channel = make_channel(ChannelKind.SMS)
        page = post(client, channel, is_enabled=None, after_doubt_urgent="repeat").content.decode()
        assert "An SMS never goes again by itself" in page
        channel.refresh_from_db()
        assert channel.after_doubt_urgent == ""

    def test_an_sms_channel_says_what_a_part_costs(self, client):
        channel = make_channel(ChannelKind.SMS)
        assert "three letters" in post(client, channel, is_enabled=None, part_price="0.06").content.decode()
        post(client, channel, is_enabled=None, part_price="0.06", part_currency="eur")
        channel.refresh_from_db()
        assert (str(channel.part_price), channel.part_currency) == ("0.06000", "EUR")

    def test_evidence_is_waited_for_a_week_at_most(self, client):
        channel = make_channel(ChannelKind.EMAIL)
        post(client, channel, evidence_minutes="10081")
        channel.refresh_from_db()
        assert channel.evidence_minutes is None

    def test_a_problem_stands_at_its_field_and_nothing_is_saved(self, client):
        channel = make_chat()
        response = post(client, channel, name="Renamed", setting_url="http://169.254.169.254/")
        assert "setting_url" in response.context["adminform"].form.errors
        channel.refresh_from_db()
        assert (channel.name, channel.secrets) == ("Ops room", {"url": HOOK})

    def test_a_broken_channel_can_be_switched_off(self, client):
        channel = make_channel(ChannelKind.EMAIL, config={"backend": "no.such.Backend"})
        post(client, channel, is_enabled=None, setting_backend="no.such.Backend")
        channel.refresh_from_db()
        assert not channel.is_enabled

    def test_a_channel_without_its_secret_can_be_switched_off(self, client):
        channel = make_channel(ChannelKind.CHAT)
        assert "setting_url" in post(client, channel).context["adminform"].form.errors
        post(client, channel, is_enabled=None)
        channel.refresh_from_db()
        assert not channel.is_enabled

    @pytest.mark.parametrize(("typed", "pace"), [("14", 14.0), ("0.5", 0.5), ("", None)])
    def test_the_pace_is_messages_per_second_or_nothing(self, client, typed, pace):
        channel = make_channel(pace=3)
        post(client, channel, pace=typed)
        channel.refresh_from_db()
        assert channel.pace == pace
        assert AuditEvent.objects.get().detail["pace"] == pace

    @pytest.mark.parametrize("typed", ["0", "-14", "nan", "inf", "1e9"])
    def test_a_pace_that_never_ends_is_refused(self, client, typed):
        assert "pace" in post(client, make_channel(), pace=typed).context["adminform"].form.errors

    def test_a_whole_pace_is_shown_as_one(self, client):
        assert 'name="pace" value="14"' in client.get(change_url(make_channel(pace=14))).content.decode()

    def test_a_place_has_no_pace(self, client):
        assert 'name="pace"' not in client.get(change_url(make_chat())).content.decode()

    def test_after_a_lost_key_the_secret_can_be_typed_again(self, client, settings, planner):
        channel = make_chat()
        settings.SECRET_KEY = "another"
        client.force_login(planner)
        assert client.get(change_url(channel)).status_code == 200
        post(client, channel, setting_url=HOOK)
        channel.refresh_from_db()
        assert channel.secrets == {"url": HOOK}

    def test_the_list_says_what_cannot_send(self, client):
        make_chat()
        make_channel(ChannelKind.CHAT)
        make_channel(is_enabled=False)
        page = client.get(reverse("admin:channels_channel_changelist")).content.decode()
        assert "Ready" in page
        assert "Incoming webhook is missing" in page
        assert "Off" in page


@pytest.mark.usefixtures("planner")
class TestDeleting:
    def test_a_channel_in_use_cannot_be_deleted(self, client):
        channel = make_channel()
        make_step(make_playbook(), channel=channel)
        assert client.post(reverse("admin:channels_channel_delete", args=[channel.pk]), {"post": "yes"}).status_code == 403
        assert Channel.objects.exists()

    def test_nor_can_an_unused_one_it_is_archived(self, client):
        channel = make_channel(is_enabled=False)
        assert client.post(reverse("admin:channels_channel_delete", args=[channel.pk]), {"post": "yes"}).status_code == 403
        client.post(reverse("admin:channels_channel_archive", args=[channel.pk]))
        assert not Channel.objects.active().exists()


@pytest.mark.usefixtures("planner")
class TestTest:
    def test_shows_that_it_was_accepted(self, client):
        MemoryTransport.reset()
        response = client.post(sending_url(make_channel()), {"address": "ana@example.org"})
        (message,) = MemoryTransport.outbox
        MemoryTransport.reset()
        assert "The provider accepted the test." in response.content.decode()
        assert message.subject.startswith("[TEST]")
        assert message.address == "ana@example.org"
        assert message.headers["Message-ID"].endswith("@preavis.test>")

    def test_proposes_one_s_own_address(self, client):
        assert b'value="ana@example.org"' in client.get(sending_url(make_channel())).content

    def test_shows_what_the_provider_answered(self, client, http_server, settings):
        settings.CHANNEL_HOST_ALLOWLIST = ["127.0.0.1"]
        http_server.script.append((404, {}, "no_service"))
        channel = save_channel(make_channel(ChannelKind.CHAT), secrets={"url": f"{http_server.url}/x"}, actor=None, now=NOW)
        page = client.post(sending_url(channel)).content.decode()
        assert "The provider answered 404: no_service" in page
        assert "Trying again would not help" in page

    def test_asks_again_for_a_number_that_is_none(self, client):
        response = client.post(sending_url(make_channel(ChannelKind.SMS)), {"address": "06 12"})
        assert "Write the number with its country" in response.content.decode()

    def test_is_written_down(self, client):
        client.post(sending_url(make_channel()), {"address": "ana@example.org"})
        MemoryTransport.reset()
        assert AuditEvent.objects.get().verb == "channel.tested"


def test_strangers_cannot_send_a_test(client):
    assert client.get(sending_url(make_channel())).status_code == 302


def test_who_may_only_look_cannot_send_a_test(client):
    client.force_login(make_planner(is_superuser=False))
    assert client.get(sending_url(make_channel())).status_code == 403


def test_the_database_refuses_an_sms_that_repeats_by_itself():
    with pytest.raises(IntegrityError, match="sms_never_repeats_by_itself"):
        make_channel(ChannelKind.SMS, after_doubt_routine="repeat")


def test_saving_its_settings_does_not_undo_a_pause_of_meanwhile():
    opened = make_channel()
    Channel.objects.update(paused_at=NOW)

    opened.name = "Another name"
    save_channel(opened, secrets={}, actor=None, now=NOW)

    opened.refresh_from_db()
    assert (opened.name, opened.paused_at) == ("Another name", NOW)
