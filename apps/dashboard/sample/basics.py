"""Whom and what the sample is about, under names of its own: addresses that nobody can have, and a channel that sends nothing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_

from django.db.models import Exists, Model, OuterRef, Q, QuerySet

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


def shared_rows() -> Iterator[Model]:
    """What of the sample others could use, too, each before what it points to; not what somebody has made their own."""
    for rows in _own():
        yield from rows
    yield from Contact.objects.filter(email__endswith=f"@{DOMAIN}", attributes__sample__in=(CUSTOMERS, COLLEAGUES))


def strangers() -> list[Model]:
    """What bears a name that the sample needs, and is somebody's own."""
    called = (
        Playbook.objects.filter(_called((SLUG,), (PLAYBOOK["name"],))),
        Segment.objects.filter(_called([slug for _kind, slug, _name in SEGMENTS], [name for _kind, _slug, name in SEGMENTS])),
        Channel.objects.filter(_called((SLUG,), (CHANNEL["name"],))),
        Service.objects.filter(_called([slug for slug, _name in SERVICES], [name for _slug, name in SERVICES])),
    )
    return [row for rows, own in zip(called, _own(), strict=True) for row in rows.exclude(pk__in=own.values("pk"))]


def _called(slugs: Sequence[str], names: Sequence[str]) -> Q:
    return Q(slug__in=slugs) | Q(name__in=names)


def _own() -> tuple[QuerySet[Playbook], QuerySet[Segment], QuerySet[Channel], QuerySet[Service]]:
    """The rows as the sample makes them: a playbook that says something to others, or by another channel, is none of them."""
    channels = Channel.objects.filter(slug=SLUG, name=CHANNEL["name"], kind=ChannelKind.MEMORY)
    segments = Segment.objects.filter(reduce(or_, (Q(slug=slug, name=name, rule=_rule(kind)) for kind, slug, name in SEGMENTS)))
    steps = Step.objects.filter(playbook=OuterRef("pk"))
    others = steps.exclude(channel__in=channels, segment__in=segments, fallback_channel__isnull=True)
    playbooks = Playbook.objects.filter(Exists(steps), ~Exists(others), slug=SLUG, name=PLAYBOOK["name"])
    services = Service.objects.filter(reduce(or_, (Q(slug=slug, name=name) for slug, name in SERVICES)))
    return playbooks, segments, channels, services


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
    return Segment.objects.get_or_create(slug=slug, defaults={"name": name, "rule": _rule(kind)})[0]


def _rule(kind: str) -> dict[str, str]:
    return {"field": f"attributes.{SLUG}", "op": "is", "value": kind}


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
