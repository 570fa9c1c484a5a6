"""The four windows of the demo, each made and moved by the verbs that a planner's buttons call."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from apps.accounts.models import User
from apps.campaigns import services as campaigns
from apps.campaigns.models import Campaign, Playbook
from apps.windows import services as windows
from apps.windows.models import Impact, MaintenanceWindow, Service

from .replay import replay

PARIS = ZoneInfo("Europe/Paris")
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
QUARTER = timedelta(minutes=15)
COMPRESSED_LEAD = timedelta(minutes=3)
COMPRESSED_LENGTH = timedelta(minutes=3)


@dataclass(frozen=True, kw_only=True)
class Script:
    """What one window says, in both languages."""

    services: tuple[str, ...]
    impact: str
    english: dict[str, Any]
    french: dict[str, Any]

    @property
    def title(self) -> str:
        return str(self.english["title"])


FINISHED = Script(
    services=("checkout", "customer-portal"),
    impact=Impact.OUTAGE,
    english={
        "title": "Database upgrade of the shop",
        "reason": "The database moves to a version with longer support and faster reports.",
        "effect": "Orders and payments pause. The catalogue can still be read.",
        "alternatives": "Orders can be placed by phone on +33 1 23 45 67 89.",
    },
    french={
        "title": "Mise à niveau de la base de données de la boutique",
        "reason": "La base de données passe à une version maintenue plus longtemps et plus rapide pour les rapports.",
        "effect": "Les commandes et les paiements sont suspendus. Le catalogue reste consultable.",
        "alternatives": "Les commandes peuvent être passées par téléphone au +33 1 23 45 67 89.",
    },
)
RUNNING = Script(
    services=("partner-api",),
    impact=Impact.DEGRADED,
    english={
        "title": "Network maintenance at the Lyon data centre",
        "reason": "Two routers are replaced before their support ends.",
        "effect": "The partner API answers more slowly and may drop single calls, which can be repeated.",
        "alternatives": "Stock files are also on the file exchange, renewed every hour.",
    },
    french={
        "title": "Maintenance réseau au centre de données de Lyon",
        "reason": "Deux routeurs sont remplacés avant la fin de leur support.",
        "effect": "L'API partenaires répond plus lentement et peut perdre quelques appels, qui peuvent être répétés.",
        "alternatives": "Les fichiers de stock sont aussi sur l’échange de fichiers, renouvelés chaque heure.",
    },
)
PLANNED = Script(
    services=("customer-portal",),
    impact=Impact.OUTAGE,
    english={
        "title": "Security update of the customer portal",
        "reason": "Security updates of the portal and its sign-in are installed.",
        "effect": "Orders, invoices and returns cannot be seen. The shop itself works as usual.",
        "alternatives": "Invoices can be asked for by e-mail at invoices@acme.example.",
    },
    french={
        "title": "Mise à jour de sécurité de l’espace client",
        "reason": "Les mises à jour de sécurité de l’espace client et de sa connexion sont installées.",
        "effect": "Commandes, factures et retours ne peuvent pas être consultés. La boutique fonctionne normalement.",
        "alternatives": "Les factures peuvent être demandées par courriel à invoices@acme.example.",
    },
)
COMPRESSED = Script(
    services=("search",),
    impact=Impact.DEGRADED,
    english={
        "title": "Rebuild of the search index",
        "reason": "New products are missing from the search results.",
        "effect": "Searching finds only part of the catalogue.",
        "alternatives": "All products can be found by category.",
    },
    french={
        "title": "Reconstruction de l’index de recherche",
        "reason": "De nouveaux produits manquent dans les résultats de recherche.",
        "effect": "La recherche ne trouve qu’une partie du catalogue.",
        "alternatives": "Tous les produits se trouvent par catégorie.",
    },
)


def finished(planner: User, *, now: datetime) -> Campaign:
    """Nine days ago at two in the morning: extended once, done before its new end, and followed up."""
    starts_at = wall_clock(now - 9 * DAY, hour=2)
    ends_at = starts_at + 4 * HOUR
    campaign = release(FINISHED, "standard", planner, starts_at=starts_at, ends_at=ends_at, now=starts_at - 16 * DAY + 8 * HOUR)
    replay(campaign, until=starts_at)
    campaigns.start_due_windows(starts_at)
    replay(campaign, until=starts_at + 3 * HOUR)
    campaign = fresh(campaign)
    campaigns.extend(
        campaign,
        ends_at=ends_at + HOUR,
        reason="Copying the largest table takes longer than in the rehearsal.",
        translations={"fr": "La copie de la plus grande table dure plus longtemps que lors de la répétition."},
        actor=planner,
        now=starts_at + 3 * HOUR,
    )
    replay(campaign, until=ends_at + HOUR / 2)
    campaigns.begin_verifying(fresh(campaign), actor=planner, now=ends_at + HOUR / 2)
    confirmed_at = ends_at + 47 * timedelta(minutes=1)
    replay(campaign, until=confirmed_at)
    said: dict[str, Any] = {
        "outcome": "The database runs on its new version. Reports load about twice as fast.",
        "translations": {
            "fr": "La base de données fonctionne avec sa nouvelle version. Les rapports s’affichent environ deux fois plus vite."
        },
    }
    campaigns.complete(fresh(campaign), **said, is_temporary=False, actor=planner, now=confirmed_at)
    replay(campaign, until=now)
    return fresh(campaign)


def running(planner: User, *, now: datetime) -> Campaign:
    """Began an hour or so ago and goes on for about three."""
    starts_at = floor(now - HOUR, QUARTER)
    campaign = release(RUNNING, "standard", planner, starts_at=starts_at, ends_at=starts_at + 4 * HOUR, now=starts_at - 8 * DAY)
    replay(campaign, until=starts_at)
    campaigns.start_due_windows(starts_at)
    replay(campaign, until=now)
    return fresh(campaign)


def planned(planner: User, *, now: datetime) -> Campaign:
    """In nine days at two in the morning; announced two days ago."""
    starts_at = wall_clock(now + 9 * DAY, hour=2)
    campaign = release(PLANNED, "standard", planner, starts_at=starts_at, ends_at=starts_at + 3 * HOUR, now=now - 2 * DAY)
    replay(campaign, until=now)
    return fresh(campaign)


def compressed(planner: User, *, now: datetime) -> Campaign:
    """Starts in three minutes, and leaves by itself from here on."""
    starts_at = now.replace(microsecond=0) + COMPRESSED_LEAD
    return release(COMPRESSED, "compressed", planner, starts_at=starts_at, ends_at=starts_at + COMPRESSED_LENGTH, now=now)


def release(script: Script, playbook: str, planner: User, *, starts_at: datetime, ends_at: datetime, now: datetime) -> Campaign:
    window = windows.create_window(
        services=list(Service.objects.filter(slug__in=script.services)),
        starts_at=starts_at,
        ends_at=ends_at,
        time_zone=PARIS.key,
        impact=script.impact,
        actor=planner,
        now=now,
        **script.english,
    )
    windows.edit_texts(window, actor=planner, now=now, language="fr", **script.french)
    found = Playbook.objects.get(slug=playbook)
    campaign = campaigns.open_campaign(window, playbook=found, owner=planner, actor=planner, now=now)
    return fresh(campaigns.release(campaign, actor=planner, now=now))


def end_overrun(planner: User, *, now: datetime) -> None:
    """Completes the demo's own windows whose end passed while it was switched off, as of that end."""
    titles = [script.title for script in (RUNNING, PLANNED, COMPRESSED)]
    for window in MaintenanceWindow.objects.overrun(now).filter(title__in=titles, campaign__isnull=False):
        said: dict[str, Any] = {
            "outcome": "The work was done as planned.",
            "translations": {"fr": "Les travaux se sont déroulés comme prévu."},
        }
        campaigns.complete(window.campaign, **said, is_temporary=False, actor=planner, now=window.ends_at)


def fresh(campaign: Campaign) -> Campaign:
    return Campaign.objects.select_related("window", "playbook").get(pk=campaign.pk)


def wall_clock(day: datetime, *, hour: int) -> datetime:
    return datetime.combine(day.astimezone(PARIS).date(), time(hour), tzinfo=PARIS).astimezone(ZoneInfo("UTC"))


def floor(instant: datetime, step: timedelta) -> datetime:
    return instant - (instant - datetime.min.replace(tzinfo=instant.tzinfo)) % step
