"""A rehearsal begins: all that it will send is written first, in one transaction. And it is stopped."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.accounts.services import record
from apps.audiences.models import AddressKind, Suppression
from apps.campaigns.models import Campaign
from apps.channels.models import MAIL_KINDS, Channel, ChannelKind
from apps.common.states import move

from ..halts import halt_sentence
from ..models import (
    REHEARSAL_TRANSITIONS,
    REHEARSED_TRANSITIONS,
    Installation,
    Rehearsal,
    RehearsalMessage,
    RehearsalState,
    RehearsedState,
)
from .compression import compress
from .script import Line, Script, script_of
from .stand_ins import StandIns

MOST_MESSAGES = 500  # to one person
COPIED = (
    "step_key",
    "occurrence",
    "anchor",
    "offset_days",
    "offset",
    "label",
    "content_key",
    "is_mandatory",
    "urgency",
    "invites",
    "attaches_maintnote",
)


class RehearsalRefused(Exception):
    """It cannot begin; the text says what to do."""


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What the planner chose. `phone` empty: what would be an SMS comes by mail; `stand_ins`: see StandIns."""

    lasts: timedelta
    every_language: bool = False
    phone: str = ""
    stand_ins: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Way:
    """How a message reaches the planner."""

    channel: Channel
    address: str


@dataclass(frozen=True, kw_only=True)
class Ways:
    """The planner's e-mail by each channel that sends e-mails; all else by `mail`, or an SMS to their phone if they gave one."""

    email: str
    phone: str
    mail: Channel | None

    @classmethod
    def of(cls, script: Script, *, email: str, phone: str) -> "Ways":
        own = [line.column.channel for line in script.played if line.column.channel.kind in MAIL_KINDS]
        mail = next(iter(own), None) or Channel.objects.enabled().filter(kind=ChannelKind.EMAIL).order_by("pk").first()
        return cls(email=email, phone=phone, mail=mail)

    def way_of(self, channel: Channel) -> Way | None:
        """None: no channel could bring it."""
        if channel.kind == ChannelKind.SMS and self.phone:
            return Way(channel=channel, address=self.phone)
        carrier = channel if channel.kind in MAIL_KINDS else self.mail
        return Way(channel=carrier, address=self.email) if carrier else None


def why_never(campaign: Campaign) -> str:
    """Why the campaign is never rehearsed; nothing where it can be."""
    if campaign.window.is_sample:
        return _("This window is a sample: nothing of it is sent to anybody, not even to you. Rehearse a window of your own.")
    return ""


def start_rehearsal(campaign: Campaign, *, wishes: Wishes, planner: User, now: datetime) -> Rehearsal:
    """Raises RehearsalRefused. The campaign, its touchpoints and its people are only read."""
    if problem := why_never(campaign):
        raise RehearsalRefused(problem)
    script = script_of(campaign, now=now)
    _check(script, planner, wishes)
    ways = Ways.of(script, email=planner.email, phone=wishes.phone)
    if any(ways.way_of(line.column.channel) is None for line in script.played):
        raise RehearsalRefused(_("There is no e-mail channel that could bring the messages to you. Set one up first."))
    return _written(campaign, script, wishes, ways, planner=planner, now=now)


@transaction.atomic
def stop_rehearsal(rehearsal: Rehearsal, *, actor: User, now: datetime) -> bool:
    """Nothing more of it is begun; the one message that may be on its way ends as it ends. False: it was over already."""
    mine = Rehearsal.objects.filter(pk=rehearsal.pk)
    if not move(mine, to=RehearsalState.STOPPED, transitions=REHEARSAL_TRANSITIONS, ended_at=now):
        return False
    waiting = RehearsalMessage.objects.filter(rehearsal=rehearsal, state=RehearsedState.WAITING)
    stopped = move(waiting, to=RehearsedState.STOPPED, transitions=REHEARSED_TRANSITIONS, settled_at=now)
    record("rehearsal.stopped", subject=rehearsal.campaign, actor=actor, now=now, rehearsal=rehearsal.pk, not_sent=stopped)
    return True


def _check(script: Script, planner: User, wishes: Wishes) -> None:
    halted = Installation.objects.halted().first()
    if halted:
        raise RehearsalRefused(halt_sentence(halted))
    if not planner.email:
        raise RehearsalRefused(
            _("Your account has no e-mail address, so nothing can be sent to you. Ask an administrator to add it.")
        )
    for kind, address in ((AddressKind.EMAIL, planner.email.lower()), (AddressKind.PHONE, wishes.phone)):
        dead = Suppression.objects.for_(kind=kind, segment=None, is_mandatory=True).filter(address=address)
        if address and dead.exists():
            raise RehearsalRefused(
                _("Your own address %(address)s is on the list of those not to be used. Take it off the list first.")
                % {"address": address}
            )
    if not script.played:
        raise RehearsalRefused(_("Nothing of this plan would leave, so there is nothing to rehearse."))


@transaction.atomic
def _written(campaign: Campaign, script: Script, wishes: Wishes, ways: Ways, *, planner: User, now: datetime) -> Rehearsal:
    rehearsal = Rehearsal(
        campaign=campaign,
        planner=planner,
        email=planner.email,
        phone=wishes.phone,
        lasts=wishes.lasts,
        plan_digest=script.digest,
        started_at=now,
    )
    _add(rehearsal)
    rows = list(_rows(rehearsal, script, wishes, ways))
    leaving = sum(row.state == RehearsedState.WAITING for row in rows)
    if leaving > MOST_MESSAGES:
        raise RehearsalRefused(
            _("That would be %(count)s messages to you; at most %(most)s are sent. Rehearse one language only.")
            % {"count": leaving, "most": MOST_MESSAGES}
        )
    RehearsalMessage.objects.bulk_create(rows)
    lasts = wishes.lasts.total_seconds()
    record("rehearsal.started", subject=campaign, actor=planner, now=now, rehearsal=rehearsal.pk, messages=leaving, seconds=lasts)
    return rehearsal


def _add(rehearsal: Rehearsal) -> None:
    """The database lets each planner have one of a campaign at a time, however often the button is pressed."""
    try:
        with transaction.atomic():
            rehearsal.save(force_insert=True)
    except IntegrityError as error:
        raise RehearsalRefused(_("You are rehearsing this campaign already. Stop that rehearsal or wait for its end.")) from error


def _rows(rehearsal: Rehearsal, script: Script, wishes: Wishes, ways: Ways) -> list[RehearsalMessage]:
    window = rehearsal.campaign.window
    people = StandIns(window=window, chosen=wishes.stand_ins, every_language=wishes.every_language)
    instants = [line.at for line in script.played if line.at]
    due = compress(instants, begins_at=rehearsal.started_at, lasts=wishes.lasts)
    due_at = dict(zip(instants, due, strict=True))
    rows: list[RehearsalMessage] = []
    for line in script.lines:
        way = ways.way_of(line.column.channel) if line.is_played else None
        for language, stand_in in people.readings(line) if line.is_played else [(window.language, None)]:
            row = _row(rehearsal, line, position=len(rows), language=language)
            if way and line.at:
                row.stand_in, row.leaves_by, row.address = stand_in, way.channel, way.address
                row.due_at, row.state = due_at[line.at], RehearsedState.WAITING
            else:
                row.state, row.reason = RehearsedState.LEFT_OUT, line.spot.reason
            rows.append(row)
    return rows


def _row(rehearsal: Rehearsal, line: Line, *, position: int, language: str) -> RehearsalMessage:
    spot, segment, channel = line.spot, line.column.segment, line.column.channel
    what: dict[str, Any] = {name: getattr(spot, name) for name in COPIED}
    return RehearsalMessage(
        rehearsal=rehearsal,
        position=position,
        segment=segment,
        segment_name=segment.name if segment else "",
        channel=channel,
        channel_name=channel.name,
        channel_kind=channel.kind,
        audience=line.audience,
        assumes=line.assumes,
        would_leave_at=line.at,
        would_reach=line.recipients,
        readers=dict(line.column.reach.languages),
        language=language,
        **what,
    )
