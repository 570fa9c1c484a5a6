"""Whom and what the sample is about, under names of its own: addresses that nobody can have, and a channel that sends nothing."""

from dataclasses import dataclass
from datetime import datetime

from apps.audiences.models import Contact, Segment
from apps.campaigns.builtin.loading import load_builtin
from apps.campaigns.models import Playbook, Step
from apps.channels.models import Channel, ChannelKind
from apps.windows.models import Service

SLUG = "sample"
CHANNEL = {"name": "Sample (sends nothing)", "kind": ChannelKind.MEMORY}
PLAYBOOK = {"name": "Sample", "description": "The standard sequence, by a channel that sends nothing."}
SERVICES = (("sample-shop", "Sample shop"), ("sample-portal", "Sample customer portal"))
CUSTOMERS, COLLEAGUES = "customer", "colleague"
SEGMENTS = ((CUSTOMERS, "sample-customers", "Sample customers"), (COLLEAGUES, "sample-colleagues", "Sample colleagues"))
DOMAIN = "sample.example"  # RFC 2606: nobody's
PEOPLE = 48
COLLEAGUES_AMONG = 6
FRENCH = ("Camille Martin", "Léa Dubois", "Hugo Moreau", "Inès Roux", "Théo Lambert", "Zoé Girard")
ENGLISH = ("Grace Taylor", "Owen Hughes", "Hannah Brown", "Marcus Hall", "Priya Patel", "Ruth Walker")
ZONES = {"fr": ("Europe/Paris", "America/Toronto"), "en": ("Europe/London", "America/New_York")}


@dataclass(frozen=True, kw_only=True)
class Basics:
    services: list[Service]
    playbook: Playbook


def make_basics(*, now: datetime) -> Basics:
    """What an earlier sample left behind, since it is in use, is taken as it is."""
    load_builtin(now=now)
    services = [Service.objects.get_or_create(slug=slug, defaults={"name": name})[0] for slug, name in SERVICES]
    Contact.objects.bulk_create(_people(), ignore_conflicts=True)
    return Basics(services=services, playbook=_playbook())


def _playbook() -> Playbook:
    playbook, is_new = Playbook.objects.get_or_create(slug=SLUG, defaults=PLAYBOOK)
    if is_new:
        channel, _is_new = Channel.objects.get_or_create(slug=SLUG, defaults=CHANNEL)
        segments = {kind: _segment(kind, slug, name) for kind, slug, name in SEGMENTS}
        for step in Step.objects.filter(playbook__slug="standard", channel__kind=ChannelKind.EMAIL).select_related("segment"):
            kind = COLLEAGUES if step.segment and step.segment.slug == "internal-team" else CUSTOMERS
            step.pk, step.playbook, step.channel, step.segment, step.fallback_channel = (
                None,
                playbook,
                channel,
                segments[kind],
                None,
            )
            step.save()
    return playbook


def _segment(kind: str, slug: str, name: str) -> Segment:
    rule = {"field": f"attributes.{SLUG}", "op": "is", "value": kind}
    return Segment.objects.get_or_create(slug=slug, defaults={"name": name, "rule": rule})[0]


def _people() -> list[Contact]:
    """No phone among them: any number may be somebody's."""
    return [_person(number) for number in range(PEOPLE)]


def _person(number: int) -> Contact:
    language, names = (("fr", FRENCH), ("en", ENGLISH))[number % 2]
    place = number // 2
    is_colleague = number < COLLEAGUES_AMONG
    return Contact(
        name=names[place % len(names)],
        email=f"person{number + 1:02}@{DOMAIN}",
        organisation="Sample" if is_colleague else f"Sample company {place + 1}",
        language=language,
        time_zone=ZONES[language][place % 2],
        is_internal=is_colleague,
        attributes={SLUG: COLLEAGUES if is_colleague else CUSTOMERS},
    )
