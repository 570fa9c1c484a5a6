"""The windows of the sample, made and moved by the verbs that a planner's buttons call: one is over, one announced, one a draft."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from apps.accounts.models import User
from apps.campaigns import services as campaigns
from apps.campaigns.models import Campaign
from apps.delivery.models import Delivery, DeliveryState
from apps.tracking.buffer import Hit
from apps.tracking.hits import write_hits
from apps.windows import services as windows
from apps.windows.models import Impact, MaintenanceWindow

from .basics import Basics
from .replaying import replay

PARIS = ZoneInfo("Europe/Paris")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.5.0"


@dataclass(frozen=True, kw_only=True)
class Script:
    """What one window says, in both languages."""

    impact: str
    english: dict[str, Any]
    french: dict[str, Any]


UPGRADE = Script(
    impact=Impact.OUTAGE,
    english={
        "title": "Sample: database upgrade of the shop",
        "reason": "The database moves to a version with longer support.",
        "effect": "Orders and payments pause. The catalogue can still be read.",
        "alternatives": "Orders can be placed by phone.",
    },
    french={
        "title": "Exemple : mise à niveau de la base de données de la boutique",
        "reason": "La base de données passe à une version maintenue plus longtemps.",
        "effect": "Les commandes et les paiements sont suspendus. Le catalogue reste consultable.",
        "alternatives": "Les commandes peuvent être passées par téléphone.",
    },
)
PATCH = Script(
    impact=Impact.DEGRADED,
    english={
        "title": "Sample: security update of the portal",
        "reason": "Security updates are installed.",
        "effect": "Signing in takes longer than usual.",
        "alternatives": "Whoever is signed in already can stay so.",
    },
    french={
        "title": "Exemple : mise à jour de sécurité de l’espace client",
        "reason": "Des mises à jour de sécurité sont installées.",
        "effect": "La connexion prend plus de temps que d’habitude.",
        "alternatives": "Les personnes déjà connectées peuvent le rester.",
    },
)
MOVE = Script(
    impact=Impact.OUTAGE,
    english={
        "title": "Sample: move to another data centre",
        "reason": "The contract with the old data centre ends.",
        "effect": "Shop and portal cannot be reached.",
        "alternatives": "Urgent orders are taken by phone.",
    },
    french={
        "title": "Exemple : déménagement vers un autre centre de données",
        "reason": "Le contrat avec l’ancien centre de données prend fin.",
        "effect": "La boutique et l’espace client sont inaccessibles.",
        "alternatives": "Les commandes urgentes sont prises par téléphone.",
    },
)


def make_windows(basics: Basics, *, actor: User, now: datetime) -> None:
    _finished(basics, actor, now)
    _announced(basics, actor, now)
    _draft(MOVE, basics, actor, starts_at=_at_two(now + 30 * DAY), hours=8, now=now)


def _finished(basics: Basics, actor: User, now: datetime) -> None:
    """Nine days ago at two in the morning: done a little before its end, and followed up."""
    starts_at = _at_two(now - 9 * DAY)
    released_at, confirmed_at = starts_at - 16 * DAY, starts_at + 4 * HOUR - HOUR / 4
    campaign = _draft(UPGRADE, basics, actor, starts_at=starts_at, hours=4, now=released_at)
    campaigns.release(campaign, actor=actor, now=released_at)
    replay(campaign, until=starts_at)
    campaigns.start(_fresh(campaign), actor=actor, now=starts_at)
    replay(campaign, until=confirmed_at)
    said: dict[str, Any] = {
        "outcome": "The database runs on its new version.",
        "translations": {"fr": "La base de données fonctionne avec sa nouvelle version."},
    }
    campaigns.complete(_fresh(campaign), **said, is_temporary=False, actor=actor, now=confirmed_at)
    replay(campaign, until=now)
    write_hits(list(_opens(campaign, now)), now=now)


def _announced(basics: Basics, actor: User, now: datetime) -> None:
    """In nine days at two in the morning; announced two days ago. It begins only when somebody says so."""
    campaign = _draft(PATCH, basics, actor, starts_at=_at_two(now + 9 * DAY), hours=2, now=now - 2 * DAY)
    campaigns.release(campaign, actor=actor, now=now - 2 * DAY)
    replay(campaign, until=now)
    write_hits(list(_opens(campaign, now)), now=now)


def _draft(script: Script, basics: Basics, actor: User, *, starts_at: datetime, hours: int, now: datetime) -> Campaign:
    window = windows.create_window(
        services=basics.services,
        starts_at=starts_at,
        ends_at=starts_at + hours * HOUR,
        announced_ends_at=starts_at + hours * HOUR * 1.5,
        time_zone=PARIS.key,
        impact=script.impact,
        starts_automatically=False,
        actor=actor,
        now=now,
        **script.english,
    )
    MaintenanceWindow.objects.filter(pk=window.pk).update(is_sample=True)
    windows.edit_texts(window, actor=actor, now=now, language="fr", **script.french)
    campaign = campaigns.open_campaign(window, playbook=basics.playbook, owner=actor, actor=actor, now=now)
    return _fresh(campaign)


def _fresh(campaign: Campaign) -> Campaign:
    return Campaign.objects.select_related("window", "playbook").get(pk=campaign.pk)


def _at_two(day: datetime) -> datetime:
    return datetime.combine(day.astimezone(PARIS).date(), time(2), tzinfo=PARIS)


def _opens(campaign: Campaign, now: datetime) -> Iterator[Hit]:
    """Every second message is opened by its reader, the sooner the nearer."""
    sent = Delivery.objects.filter(touchpoint__campaign=campaign, state=DeliveryState.SENT, sent_at__lt=now - HOUR)
    for place, delivery in enumerate(sent.order_by("sent_at", "pk")):
        if place % 2 and delivery.sent_at:
            at = delivery.sent_at.timestamp() + 300 + place * 17 % 2700
            key = f"sample:{delivery.token.hex}"
            yield Hit(key=key, token=delivery.token.hex, link=None, at=at, method="GET", user_agent=BROWSER, purpose="")
