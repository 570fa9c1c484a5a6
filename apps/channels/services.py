"""The verbs that change a channel, and the test that shows whether it works."""

import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from email.utils import format_datetime, make_msgid
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.utils.html import format_html
from django.utils.translation import gettext as _

from apps.accounts.models import AuditEvent, User
from apps.accounts.services import record, record_change
from apps.accounts.trail.snapshots import stored
from apps.common.pausing import Pausable
from apps.common.sealing import seal

from .messages import Message, Receipt
from .models import Channel
from .registry import transport_for

# A pause that somebody else began while the form was open stands.
NOT_SAVED = (Channel._meta.pk.name, *(field.name for field in Pausable._meta.fields))
TEST_ANSWER_SECONDS = 20  # a person waits for the page
TESTS_ARE_COUNTED_FOR = timedelta(minutes=10)
MOST_TESTS, MOST_PUBLIC_TESTS = 10, 3  # of one person by one channel in that time


@transaction.atomic
def save_channel(channel: Channel, *, secrets: Mapping[str, str], actor: User | None, now: datetime) -> Channel:
    """Saves the channel with exactly these secrets, which replace all earlier ones."""
    before = stored(Channel, channel.pk)
    channel.sealed_secrets = seal(dict(secrets))
    own = [field.name for field in Channel._meta.concrete_fields if field.name not in NOT_SAVED]
    channel.save(update_fields=None if channel._state.adding else own)
    record_change(
        "channel.saved",
        subject=channel,
        before=before,
        actor=actor,
        now=now,
        name=channel.name,
        kind=channel.kind,
        is_enabled=channel.is_enabled,
        pace=channel.pace,
        config=channel.config,
        after_doubt=[channel.after_doubt_routine, channel.after_doubt_urgent, channel.evidence_minutes],
        secrets=sorted(secrets),  # their names
    )
    return channel


def too_many_tests(channel: Channel, *, actor: User, now: datetime) -> str:
    """Why `actor` may send no test by `channel` just now; empty where one may."""
    kind = {"subject_type": Channel._meta.label_lower, "subject_id": str(channel.pk), "verb": "channel.tested"}
    sent = AuditEvent.objects.filter(**kind, actor=actor, at__gt=now - TESTS_ARE_COUNTED_FOR).count()
    most = MOST_PUBLIC_TESTS if channel.is_broadcast else MOST_TESTS
    if sent < most:
        return ""
    return _("You have sent %(count)d tests by “%(channel)s” within ten minutes. Wait a little before the next one.") % {
        "count": sent,
        "channel": channel.name,
    }


def send_test(
    channel: Channel, *, address: str, actor: User | None, now: datetime, message: Message | None = None, **about: Any
) -> Receipt:
    """Sends one message marked [TEST] and returns what the provider answered; it counts nowhere.

    `message`: one that is marked already, in place of the usual words; `about` goes into the trail with it. Not to be called
    inside a transaction: it talks to the network.
    """
    transport = transport_for(channel, answer_timeout=TEST_ANSWER_SECONDS)
    (receipt,) = transport.send([message or _test_message(channel, address=address, now=now)])
    error = receipt.error
    answer = {"accepted": receipt.accepted, "code": error.code if error else ""}
    record("channel.tested", subject=channel, actor=actor, now=now, **answer, **about)
    return receipt


def test_headers(key: str, *, now: datetime) -> dict[str, str]:
    return {
        "Message-ID": make_msgid(key, domain=urlsplit(settings.SITE_URL).hostname or "localhost"),
        "Date": format_datetime(now),
        "Auto-Submitted": "auto-generated",
    }


def _test_message(channel: Channel, *, address: str, now: datetime) -> Message:
    key = f"test-{uuid.uuid4()}"
    subject = _("[TEST] Preavis can send by “%(channel)s”") % {"channel": channel.name}
    text = _("This is a test from the administration of Preavis. Nothing is planned, and nothing needs to be done.")
    return Message(
        key=key,
        address=address,
        subject=subject,
        text=f"[TEST] {text}",
        html=format_html("<p><strong>[TEST]</strong> {}</p>", text),
        headers=test_headers(key, now=now),
        data={"type": "channel.tested", "timestamp": now},
    )
