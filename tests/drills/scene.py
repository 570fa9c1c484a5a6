"""What a drill does inside its installation, as a process of that installation; answers are plain JSON."""

import time
from datetime import datetime, timedelta
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import Count, Q
from django.utils import timezone

from apps.audiences import intake
from apps.audiences.models import Contact, ContactImport
from apps.campaigns import services as campaigns
from apps.campaigns.models import Campaign, MessageTemplate, Touchpoint
from apps.campaigns.stillness import await_stillness
from apps.channels.models import Channel, ChannelKind
from apps.delivery import halts, services, steering, stillness
from apps.delivery.clock import database_now
from apps.delivery.models import IN_HAND, Batch, Circuit, Delivery, DeliveryState, Installation
from apps.windows.models import Service
from tests import factories

LONG = "long"  # a content of some 100 kB


def touchpoint(
    people: int,
    *,
    urgency: str = "routine",
    port: int = 0,
    connections: int = 1,
    pace: float | None = None,
    due_in: float = 0.0,
    useful_hours: float = 6.0,
    content_key: str = "announce",
    is_written_late: bool = False,
) -> dict[str, Any]:
    """A touchpoint to so many people of its own, through a mail server at `port` (none: the installation's).

    `is_written_late`: its deliveries are not written before it is due.
    """
    number = Touchpoint.objects.count()
    name = f"drill-{number}"
    _people(name, people)
    _template(content_key)
    due_at = database_now() + timedelta(seconds=due_in)
    made = factories.make_touchpoint(
        campaign=_campaign(name, starts_at=due_at + 30 * factories.DAY),
        segment=_segment(name),
        channel=_channel(port, connections, pace),
        due_at=due_at,
        expand_at=due_at - timedelta(minutes=0 if is_written_late else 10),
        useful_until=due_at + timedelta(hours=useful_hours),
        urgency=urgency,
        step_key=name,
        content_key=content_key,
    )
    return {"touchpoints": [made.pk], "people": people, "due_at": due_at.timestamp()}


def progress(touchpoints: list[int]) -> dict[str, int]:
    """How many deliveries are in which state; `open`: what is still to come."""
    # In the order in which things happen, so that what goes on between two questions is not overlooked.
    unwritten = Touchpoint.objects.filter(pk__in=touchpoints, state="planned").count()
    in_hand = Batch.objects.filter(touchpoint__in=touchpoints, state__in=IN_HAND).count()
    counts = dict(_rows(touchpoints).values_list("state").annotate(count=Count("pk")).order_by())
    return counts | {"open": counts.get(DeliveryState.PENDING, 0) + in_hand + unwritten}


def ledger(touchpoints: list[int]) -> list[dict[str, Any]]:
    doubted = Count("attempt_log", filter=Q(attempt_log__outcome=DeliveryState.IN_DOUBT))
    fields = ("touchpoint_id", "revision", "address", "token", "state", "reason", "attempts", "doubts")
    rows = _rows(touchpoints).annotate(doubts=doubted).order_by("pk").values(*fields)
    return [row | {"token": row["token"].hex} for row in rows]


def _rows(touchpoints: list[int]) -> Any:
    return Delivery.objects.filter(touchpoint__in=touchpoints)


def _campaign(name: str, *, starts_at: datetime) -> Any:
    window = factories.make_window(starts_at=starts_at, services=[Service.objects.create(name=name, slug=name)])
    return factories.make_campaign(window=window, playbook=factories.make_playbook(name=name, slug=name))


def _people(name: str, people: int) -> None:
    Contact.objects.bulk_create(
        (Contact(email=f"{name}-{place}@example.org", name=f"Cem {place}", organisation=name) for place in range(people)),
        batch_size=1000,
    )


def _segment(name: str) -> Any:
    rule = {"all": [{"field": "organisation", "op": "is", "value": name}]}
    return factories.make_segment(rule, slug=name, name=name)


def _template(key: str) -> None:
    body = "Dear {{ contact.name }},\n\nwe work on it: {{ window.times }}."
    if key == LONG:
        body += "{% for n in (1..700) %}\n\nA line that says nothing, and so makes it longer: {{ n }}.{% endfor %}"
    MessageTemplate.objects.get_or_create(
        content_key=key, language="en", defaults={"subject": "{{ window.title }}", "body": body}
    )


def _channel(port: int, connections: int = 1, pace: float | None = None) -> Channel:
    config = {"host": "127.0.0.1", "port": port} if port else {}
    slug = f"mail-{port}-{connections}"
    made, _is_new = Channel.objects.get_or_create(
        slug=slug,
        defaults={"name": slug, "kind": ChannelKind.EMAIL, "pace": pace, "config": config | {"connections": connections}},
    )
    return made


def now() -> float:
    return timezone.now().timestamp()


def expand(touchpoint: int) -> str:
    return str(services.expand_wholly(touchpoint, now=database_now()))


def released_campaign(people: int) -> dict[str, Any]:
    """A campaign whose announcement to so many people is due now, made as planners make it."""
    name = f"drill-{Touchpoint.objects.count()}"
    _people(name, people)
    for key in ("announce", "moved", "cancelled"):
        _template(key)
    instant = database_now()
    playbook = factories.make_playbook(name=name, slug=name)
    factories.make_step(playbook, channel=_channel(0), segment=_segment(name), useful_for=factories.DAY)
    service = Service.objects.create(name=name, slug=name)
    starts_at = instant + 30 * factories.DAY
    window = factories.make_window(starts_at=starts_at, services=[service], status="draft", revision=0, scheduled_at=None)
    campaign = campaigns.open_campaign(window, playbook=playbook, owner=None, actor=None, now=instant)
    campaigns.release(campaign, actor=None, now=instant)
    return {"campaign": campaign.pk, "people": people, "due_at": instant.timestamp()} | touchpoints_of(campaign.pk)


def touchpoints_of(campaign: int) -> dict[str, list[int]]:
    return {"touchpoints": list(Touchpoint.objects.filter(campaign=campaign).values_list("pk", flat=True))}


def cancel(campaign: int) -> dict[str, Any]:
    found = Campaign.objects.get(pk=campaign)
    campaigns.cancel(found, reason="Called off.", actor=None, now=database_now())
    return _stopped(await_stillness(found).messages)


def reschedule(campaign: int) -> dict[str, Any]:
    found = Campaign.objects.select_related("window").get(pk=campaign)
    starts_at = found.window.starts_at + factories.DAY
    ends_at = found.window.ends_at + factories.DAY
    campaigns.reschedule(found, starts_at=starts_at, ends_at=ends_at, reason="Parts are late.", actor=None, now=database_now())
    return _stopped(await_stillness(found).messages)


def pause(campaign: int, what: str) -> dict[str, Any]:
    target = _target(campaign, what)
    steering.pause(target, reason="Wait.", actor=None, now=database_now())
    return _stopped(stillness.await_stillness(steering.batches_of(target), now=database_now()).messages)


def resume(campaign: int, what: str) -> None:
    steering.resume(_target(campaign, what), choice=steering.Choice.NOW, actor=None, now=database_now())


def halt() -> str:
    """Why this installation is halted; nothing where it is not."""
    return str(Installation.objects.values_list("halt", flat=True).first() or "")


def age(minutes: int) -> None:
    """As if the clock had last beaten so long ago."""
    Installation.objects.update(beat_at=database_now() - timedelta(minutes=minutes))


def release(choice: str) -> None:
    halts.release(choice=steering.Choice(choice), actor=None, now=database_now())


def _target(campaign: int, what: str) -> steering.Target:
    """The campaign, its only touchpoint, or the channel of that."""
    found = Campaign.objects.get(pk=campaign)
    touchpoint = found.touchpoints.select_related("channel").get()
    targets: dict[str, steering.Target] = {"campaign": found, "touchpoint": touchpoint, "channel": touchpoint.channel}
    return targets[what]


def _stopped(unanswered: int) -> dict[str, Any]:
    return {"returned_at": now(), "unanswered": unanswered}


def circuit_opened(port: int, *, within: float) -> float | None:
    """After how long the circuit of the channel at this port was open; None: not so soon."""
    began = time.monotonic()
    while time.monotonic() < began + within:
        if Circuit.objects.away().filter(channel__config__port=port).exists():
            return round(time.monotonic() - began, 1)
        time.sleep(0.1)
    return None


def uploaded(rows: int) -> int:
    """An import whose file of so many rows waits for its check."""
    lines = ["email,name,language", *(f"import-{number}@example.org,Person {number},fr" for number in range(rows))]
    file = SimpleUploadedFile("contacts.csv", "\n".join(lines).encode())
    job = intake.receive(file, actor=factories.make_user(username="importer"), now=timezone.now())
    intake.confirm_columns(job, job.meanings, now=timezone.now())
    return int(job.pk)


def begin_import(job: int) -> bool:
    return intake.begin_import(ContactImport.objects.get(pk=job), skip_errors=False)


def end_import_lease(job: int) -> None:
    """As if nothing had been heard of its worker for a minute."""
    ContactImport.objects.filter(pk=job).update(leased_until=timezone.now())


def import_progress(job: int) -> dict[str, Any]:
    return dict(ContactImport.objects.values("state", "done", "total", "problem").get(pk=job))


def imported(job: int) -> dict[str, int]:
    rows = Contact.objects.filter(email__startswith="import-")
    counts = rows.aggregate(contacts=Count("pk"), addresses=Count("email", distinct=True))
    return counts | ContactImport.objects.values("added", "done").get(pk=job)
