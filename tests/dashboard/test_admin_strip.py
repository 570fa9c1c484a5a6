import re
from datetime import timedelta

import pytest
from django.test import Client, override_settings
from django.utils import timezone

from apps.channels.models import ChannelKind
from apps.delivery.models import Alarm, Installation, Pulse
from tests.factories import NOW, make_batch, make_channel, make_planner, make_touchpoint

from .stories import running_campaign

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


def test_strip_says_how_long_the_oldest_row_waits():
    all_alive()
    now = timezone.now()
    touchpoint = make_touchpoint(campaign=running_campaign(), state="due", due_at=now)
    make_batch(touchpoint, not_before=now - timedelta(minutes=3), created_at=now)
    assert "Something has been due for 3 minutes" in index()


@pytest.mark.parametrize("silent", ["worker", "beat"])
def test_strip_knows_a_minute_of_silence_from_a_moment(silent):
    all_alive()
    seen_at = timezone.now() - timedelta(seconds=50)
    Pulse.objects.filter(name=silent).update(seen_at=seen_at)
    assert 'class="strip"' not in index()
    Pulse.objects.filter(name=silent).update(seen_at=seen_at - timedelta(seconds=20))
    assert f"celery {silent}" in index()


def test_strip_says_what_is_paused_and_by_whom():
    all_alive()
    with override_settings(EMAIL_BACKEND=SMTP):
        channel = make_channel(ChannelKind.EMAIL, name="Mailgun", paused_at=timezone.now(), pause_reason="Wrong sender")
        assert "Paused: the channel “Mailgun”" in (text := index())
        assert "Wrong sender" in text
        assert f"/sending/channel/{channel.pk}/resume/" in text


def test_strip_says_that_nobody_could_be_alarmed_until_a_word_is_said():
    all_alive()
    campaign, now = running_campaign(), timezone.now()
    times = {"silent_since": NOW, "promised_by": now, "raised_at": now, "next_at": now}
    Alarm.objects.create(campaign=campaign, state="failed", error="The campaign has no owner.", **times)
    assert "nobody could be alarmed. The campaign has no owner." in index()
    make_touchpoint(campaign=campaign, state="sent", first_sent_at=now)
    assert "nobody could be alarmed" not in index()


def halted(halt):
    Installation.objects.create(home="here", beats=1, beat_at=NOW, halted_at=NOW, halt=halt)
    running = running_campaign(title="Secret works")
    make_touchpoint(campaign=running, state="sent", due_at=NOW, first_sent_at=NOW)


def test_halted_installation_says_which_promised_word_nobody_is_alarmed_of():
    halted("moved")
    assert "A word on “Secret works” is promised by" in index()


def test_a_copy_owes_nobody_a_word():
    halted("copy")
    assert "Secret works" not in re.sub(r"<main.*</main>", "", index(), flags=re.DOTALL)


def test_sign_in_page_says_that_nothing_leaves_and_names_no_window():
    assert 'class="strip"' not in Client().get("/admin/login/").content.decode()
    halted("moved")
    text = Client().get("/admin/login/").content.decode()
    assert "1 window under way waits for a promised word, and nobody is alarmed." in text
    assert "Secret works" not in text


def test_start_page_names_the_next_step_when_nothing_is_planned():
    text = index()
    assert "No window is planned" in text
    assert "/admin/windows/maintenancewindow/add/" in text
