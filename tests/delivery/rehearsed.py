"""A draft whose plan has a bit of everything, and a planner who rehearses it."""

from datetime import datetime, timedelta

from apps.accounts.models import User
from apps.campaigns import services as campaigns
from apps.campaigns.models import Anchor, Campaign
from apps.channels.models import Channel, ChannelKind
from apps.channels.pool import TransportPool
from apps.delivery.models import Rehearsal, RehearsalMessage
from apps.delivery.rehearsing.sending import rehearse_next, sweep_rehearsals
from apps.delivery.rehearsing.start import Wishes, start_rehearsal
from tests.factories import (
    DAY,
    HOUR,
    NOW,
    make_channel,
    make_contact,
    make_planner,
    make_playbook,
    make_segment,
    make_step,
    make_template,
    make_window,
)

SECOND = timedelta(seconds=1)
FIVE_MINUTES = timedelta(minutes=5)
INTERNAL = {"field": "is_internal", "op": "is", "value": True}


def ana(**fields) -> User:
    return make_planner(**({"email": "ana@example.org"} | fields))


def drafted(*, mail: Channel | None = None, starts_automatically: bool = True) -> Campaign:
    """Announced by mail to three customers, one of them French, reminded by mail and SMS, begun in the chat, over by mail."""
    for key in ("announce", "reminder", "started", "completed"):
        make_template(content_key=key, subject=key, body=f"{key}: {{{{ window.times }}}} {{{{ window.notice_url }}}}")
    make_template(content_key="announce", language="fr", subject="annonce", body="{{ contact.name }}: {{ window.times }}")
    make_template(content_key="reminder", channel_kind="sms", subject="", body="Soon {{ window.notice_url }}")
    for name, language in (("Cem", "en"), ("Dora", "en"), ("Élise", "fr")):
        make_contact(name=name, language=language, phone="+33123456789" if name == "Cem" else "")
    playbook, customers = make_playbook(), make_segment(name="Customers")
    mail = mail or make_channel(name="E-mail")
    before = {"anchor": Anchor.START, "offset_days": -1, "key": "t-1d", "content_key": "reminder"}
    make_step(playbook, channel=mail, segment=customers, position=1)
    make_step(playbook, channel=mail, segment=customers, position=2, **before)
    make_step(playbook, channel=make_channel(ChannelKind.SMS, name="SMS"), segment=customers, position=3, **before)
    make_step(
        playbook,
        channel=make_channel(ChannelKind.CHAT, name="Team chat"),
        position=4,
        key="start",
        anchor=Anchor.START,
        content_key="started",
    )
    make_step(
        playbook, channel=mail, segment=customers, position=5, key="completed", anchor=Anchor.ACTUAL_END, content_key="completed"
    )
    window = make_window(
        status="draft",
        revision=0,
        scheduled_at=None,
        starts_at=NOW + 14 * DAY,
        duration=4 * HOUR,
        starts_automatically=starts_automatically,
    )
    return campaigns.open_campaign(window, playbook=playbook, owner=None, actor=None, now=NOW)


def started(campaign: Campaign | None = None, *, planner: User | None = None, now: datetime = NOW, **wishes) -> Rehearsal:
    wanted = Wishes(**({"lasts": FIVE_MINUTES} | wishes))
    return start_rehearsal(campaign or drafted(), wishes=wanted, planner=planner or ana(), now=now)


def work(now: datetime) -> int:
    """What a worker does until nothing is due any more."""
    done = 0
    with TransportPool() as pool:
        while rehearse_next(pool, now=now):
            done += 1
    return done


def played(rehearsal: Rehearsal) -> None:
    """Each message at its time, as the clock brings it."""
    for due_at in sorted({row.due_at for row in messages(rehearsal) if row.due_at}):
        work(due_at)
    sweep_rehearsals(rehearsal.started_at + rehearsal.lasts)
    rehearsal.refresh_from_db()


def states(rehearsal: Rehearsal) -> list[str]:
    return list(rehearsal.messages.values_list("state", flat=True))


def messages(rehearsal: Rehearsal) -> list[RehearsalMessage]:
    return list(rehearsal.messages.all())
