"""What the tests of the admin share: Ana signed in, a playbook of two moments, and the form as she fills it in."""

import re
from datetime import timedelta
from typing import Any

from django.test import Client
from django.utils import timezone

from apps.campaigns import services
from apps.campaigns.models import Anchor, Campaign, Playbook
from apps.channels.models import Channel, ChannelKind
from apps.windows.models import MaintenanceWindow
from tests.factories import (
    make_channel,
    make_contact,
    make_planner,
    make_playbook,
    make_segment,
    make_service,
    make_step,
    make_template,
)

LIST = "/admin/windows/maintenancewindow/"
# Whatever a strict content security policy would refuse.
INLINE = re.compile(
    r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)(?![^>]*type=\"application/json\")|javascript:", re.IGNORECASE
)


def signed_in(**fields: Any) -> Client:
    client = Client()
    client.force_login(make_planner(**({"username": "ana", "time_zone": "Europe/Paris"} | fields)))
    return client


def make_plan() -> Playbook:
    """An announcement and a reminder of seven days to everybody by e-mail: two people, one of whom reads French."""
    make_contact(email="ada@example.org", language="en")
    make_contact(email="bob@example.org", language="fr")
    playbook, channel, segment = make_playbook(is_default=True), email_channel(), make_segment()
    make_step(playbook, channel=channel, segment=segment)
    reminder = {"key": "t-7d", "anchor": Anchor.START, "offset_days": -7, "content_key": "reminder-7d", "position": 1}
    make_step(playbook, channel=channel, segment=segment, **reminder)
    for key in ("announce", "reminder-7d"):
        make_template(content_key=key)
    return playbook


def email_channel() -> Channel:
    return make_channel(ChannelKind.EMAIL, name="E-mail")


def filled_in(playbook: Playbook, **changes: Any) -> dict[str, Any]:
    """A window in thirty days at 02:00 in Paris, announced in both languages."""
    day = timezone.now() + timedelta(days=30)
    values: dict[str, Any] = {
        "title": "Database upgrade",
        "services": [make_service(f"Checkout {playbook.pk}-{MaintenanceWindow.objects.count()}").pk],
        "start_date": f"{day:%Y-%m-%d}",
        "start_time": "02:00",
        "time_zone": "Europe/Paris",
        "duration": "2 h",
        "impact": "outage",
        "playbook": playbook.pk,
        "language": "en",
        "translation_language": "fr",
        "translation_title": "Mise à niveau de la base",
        "starts_automatically": "on",
    }
    return values | changes


def drafted(client: Client, **changes: Any) -> Campaign:
    client.post(LIST + "add/", filled_in(make_plan(), **changes) | {"_draft": "1"})
    return Campaign.objects.select_related("window").get()


def released(client: Client, **changes: Any) -> Campaign:
    campaign = drafted(client, **changes)
    services.release(campaign, actor=None, now=timezone.now())
    return Campaign.objects.select_related("window").get()


def page_of(campaign: Campaign) -> str:
    return f"{LIST}{campaign.window_id}/change/"


def deed_of(campaign: Campaign, verb: str) -> str:
    return f"{LIST}{campaign.window_id}/do/{verb}/"


def press(client: Client, campaign: Campaign, verb: str, **values: Any) -> Any:
    """Opens the page of a verb and does what it asks, with what the page itself says was seen."""
    page = client.get(deed_of(campaign, verb))
    seen = page.context["seen"] if page.context and "seen" in page.context else ""
    return client.post(deed_of(campaign, verb), {"seen": seen, **values})
