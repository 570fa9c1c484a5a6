"""Rows that the demo does not have by itself, so that the pages made for them have something to show."""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction

from apps.accounts.models import User
from apps.audiences import intake
from apps.audiences.models import ContactImport, Segment
from apps.campaigns import services as campaigns
from apps.campaigns.models import Campaign, Playbook
from apps.delivery import steering
from apps.delivery.clock import database_now
from apps.delivery.holding import hold_updates, release_updates
from apps.delivery.models import Delivery, DeliveryState, Rehearsal
from apps.delivery.rehearsing.start import Wishes, start_rehearsal
from apps.publishing.services import create_feed
from apps.tracking.models import Acknowledgement, Answer, InboxMessage, InboxSource, ProviderEvent
from apps.upstream import services as upstream
from apps.upstream.foresight import read_file
from apps.upstream.models import NoticeSource
from apps.windows.blackouts import Blackout
from apps.windows.models import MaintenanceWindow, Service
from demo.seed.windows import Script, release
from tests.upstream.factories import calendar, event

DRAFT = "Renewal of the certificates"
HELD = Script(
    services=("search",),
    impact="degraded",
    english={"title": "Move of the search servers", "effect": "Searching is slower while the index moves."},
    french={"title": "Déménagement des serveurs de recherche", "effect": "La recherche est plus lente pendant le déménagement."},
)
PATIENCE_SECONDS = 120


@dataclass(frozen=True, kw_only=True)
class Scene:
    """What only its making knows."""

    draft: MaintenanceWindow
    held: Campaign
    rehearsal: Rehearsal
    imports: dict[str, ContactImport]  # by their state
    feed_tokens: dict[tuple[str, str], str]  # by language, and by whether it is kept or may be ended
    notice_file_id: int


def build(planner: User) -> Scene:
    now = database_now()
    draft = _draft(planner, now=now)
    _small_rows(planner, now=now)
    scene = Scene(
        draft=draft,
        held=_held(planner, now=now),
        rehearsal=start_rehearsal(draft.campaign, wishes=Wishes(lasts=timedelta(0)), planner=planner, now=database_now()),
        imports=_imports(planner, now=now),
        feed_tokens=_feeds(planner, now=now),
        notice_file_id=_notices(planner, now=now),
    )
    _await_end(scene.rehearsal)
    return scene


def end_pause(scene: Scene, *, now: datetime) -> None:
    """Ends what is held back, which every page says as long as it lasts; what is overdue is left out."""
    planner = scene.held.owner
    steering.resume(scene.held, choice=steering.Choice.SKIP, actor=planner, now=now)
    release_updates(scene.held, choice=steering.Choice.SKIP, actor=planner, now=now)


def _draft(planner: User, *, now: datetime) -> MaintenanceWindow:
    starts_at = (now + timedelta(days=16)).replace(minute=0, second=0, microsecond=0)
    window = MaintenanceWindow.objects.create(
        title=DRAFT,
        time_zone="Europe/Paris",
        starts_at=starts_at,
        ends_at=starts_at + timedelta(hours=3),
        announced_ends_at=starts_at + timedelta(hours=4, minutes=30),
        content_changed_at=now,
        reason="The certificates of the shop end this month.",
        effect="Orders and payments pause for a few minutes at a time.",
        alternatives="Orders can be placed by phone on +33 1 23 45 67 89.",
    )
    window.services.set(Service.objects.filter(slug="checkout"))
    playbook = Playbook.objects.get(is_default=True)
    campaigns.open_campaign(window, playbook=playbook, owner=planner, actor=planner, now=now)
    return window


def _held(planner: User, *, now: datetime) -> Campaign:
    """Scheduled at short notice and held back in the same moment, so that something is overdue and nothing leaves."""
    starts_at = now.replace(second=0, microsecond=0) + timedelta(minutes=90)
    with transaction.atomic():
        campaign = release(HELD, "standard", planner, starts_at=starts_at, ends_at=starts_at + timedelta(hours=4), now=now)
        steering.pause(campaign, reason="The supplier has to confirm the time.", actor=planner, now=now)
        hold_updates(campaign, reason="It is not clear yet what to say.", actor=planner, now=now)
    return campaign


def _imports(planner: User, *, now: datetime) -> dict[str, ContactImport]:
    """One whose columns are asked about, one with errors, one that is being written, one that broke off, one that is in."""
    found = {name: _uploaded(name, planner, now=now) for name in ("uploaded", "checked", "importing", "stopped", "imported")}
    for name in ("checked", "importing", "stopped", "imported"):
        intake.confirm_columns(found[name], found[name].meanings, now=now)
        intake.work_on(found[name], clock=database_now, seconds=PATIENCE_SECONDS)
    for name in ("imported", "stopped", "importing"):
        intake.begin_import(found[name], skip_errors=True)
    intake.work_on(found["imported"], clock=database_now, seconds=PATIENCE_SECONDS)
    rows = ContactImport.objects.filter(pk=found["importing"].pk)
    rows.update(done=1, leased_until=now + timedelta(days=1))  # no worker takes it up
    broken = ContactImport.objects.filter(pk=found["stopped"].pk)
    broken.update(state="stopped", done=1, added=1, problem="It was begun 3 times and did not come further.")
    return found


def _uploaded(name: str, planner: User, *, now: datetime) -> ContactImport:
    lines = ["Nom;Courriel;Téléphone;Langue;N° client", f"Zoé {name};zoe.{name}@example.org;+33123456789;fr;0042"]
    lines += [f"Léo {name};leo.{name}@example.org;;en;0043", f"Ben {name};ben.{name};;english;0044"]
    file = SimpleUploadedFile(f"clients-{name}.csv", "\n".join(lines).encode("cp1252"))
    return intake.receive(file, actor=planner, now=now)


def _feeds(planner: User, *, now: datetime) -> dict[tuple[str, str], str]:
    def token(language: str) -> str:
        name = f"Calendar of a customer ({language})"
        return create_feed(name=name, language=language, owner=planner, actor=planner, now=now)[1]

    return {(language, fate): token(language) for language in ("en", "fr") for fate in ("kept", "ended")}


def _notices(planner: User, *, now: datetime) -> int:
    """Two of a carrier: one taken in, one in a file that is to be decided about."""
    starts_at = now + timedelta(days=9)
    times = {"DTSTAMP": f"{now:%Y%m%dT%H%M%SZ}", "DTSTART": f"{starts_at:%Y%m%dT010000Z}", "DTEND": f"{starts_at:%Y%m%dT050000Z}"}
    upstream.receive(read_file(calendar(event(**times))).notices, source=NoticeSource.MAIL, now=now)
    upstream.sweep(now=now)
    waiting = calendar(event(**times, UID="43@carrier.example", SUMMARY="Replacement of a router in Lyon"))
    return upstream.keep_file(SimpleUploadedFile("carrier.ics", waiting), actor=planner, now=now).pk


def _small_rows(planner: User, *, now: datetime) -> None:
    day = now.date() + timedelta(days=40)
    blackout = {"first_date": day, "last_date": day + timedelta(days=12), "time_zone": "Europe/Paris", "is_strict": True}
    Blackout.objects.create(name="End-of-year freeze", entered_by=planner, **blackout)
    names = {"en": "Maintenance of the shop", "fr": "Maintenance de la boutique"}
    Segment.objects.filter(slug="customers").update(public_names=names)
    sent = Delivery.objects.filter(state=DeliveryState.SENT, contact__isnull=False).exclude(address="").order_by("pk")
    answered = sent.select_related("touchpoint").first()
    assert answered is not None, "the demo has sent something"
    Acknowledgement.objects.create(
        campaign_id=answered.touchpoint.campaign_id,
        delivery=answered,
        address=answered.address,
        answer=Answer.DECLINED,
        sequence=0,
        comment="We close our books that night.",
        answered_at=now,
        received_at=now,
    )
    InboxMessage.objects.create(
        message_id="<1@carrier.example>",
        digest="1",
        source=InboxSource.IMAP,
        sender="noc@carrier.example",
        subject="Fibre works in Lyon",
        notices=1,
        problems=["Line 12: the end is before the beginning."],
        kept="BEGIN:VCALENDAR",
        received_at=now,
    )
    payload = {"recipient": answered.address, "event_type": "bounced", "description": "550 no such mailbox"}
    ProviderEvent.objects.create(provider="mailgun", key="1", payload=payload, received_at=now, handled_at=now)


def _await_end(rehearsal: Rehearsal) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while Rehearsal.objects.get(pk=rehearsal.pk).is_running:
        assert time.monotonic() < deadline, "The rehearsal does not end"
        time.sleep(0.5)
