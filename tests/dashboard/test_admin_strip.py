import pytest
from django.test import Client, override_settings
from django.utils import timezone

from apps.channels.models import ChannelKind
from apps.delivery.models import Pulse
from tests.factories import make_channel, make_planner

pytestmark = pytest.mark.django_db

SMTP = "apps.channels.smtp.PhasedSMTPBackend"


def index():
    client = Client()
    client.force_login(make_planner())
    return client.get("/admin/").content.decode()


def all_alive():
    for name in ("worker", "beat"):
        Pulse.objects.update_or_create(name=name, defaults={"seen_at": timezone.now()})


def test_strip_is_silent_while_all_is_well():
    all_alive()
    assert 'class="strip"' not in index()


def test_strip_says_that_no_worker_was_seen():
    text = index()
    assert "No worker" in text
    assert "celery beat" in text


def test_strip_says_that_mail_does_not_leave():
    all_alive()
    make_channel(ChannelKind.EMAIL)
    assert "E-mail does not leave this machine" in index()
    with override_settings(EMAIL_BACKEND=SMTP):
        assert 'class="strip"' not in index()


def test_strip_names_a_channel_that_cannot_send():
    all_alive()
    make_channel(ChannelKind.CHAT, name="Operations room")
    assert "The channel “Operations room” cannot send" in index()


def test_strip_leaves_out_channels_that_are_switched_off():
    all_alive()
    make_channel(ChannelKind.CHAT, name="Operations room", is_enabled=False)
    assert 'class="strip"' not in index()


def test_start_page_names_the_next_step_when_nothing_is_planned():
    text = index()
    assert "No window is planned" in text
    assert "/admin/windows/maintenancewindow/add/" in text
