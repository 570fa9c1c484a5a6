"""The “next update promised by” clock: what people expect of a window under way, and the alarm when it is in danger.

An alarm is a row before it is sent, one for each silence. It goes by the owner's own channel, is tried again while the
silence lasts, and says plainly by how much it comes late itself. It is for the team: what is paused for recipients, a
campaign or a channel, holds none back. Only a halted installation alarms nobody, since it may be a copy (see guard.py).
"""

import logging
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime, make_msgid
from urllib.parse import urlsplit

from django.conf import settings
from django.db import DatabaseError
from django.db.models import F, Max
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import override

from apps.accounts.models import User
from apps.accounts.services import record
from apps.campaigns.models import Anchor, Campaign, Touchpoint, TouchpointState
from apps.campaigns.owners import owner_of
from apps.campaigns.planner import cadence
from apps.campaigns.promises import Promise, Silence, promise
from apps.channels.messages import Message, TransportError
from apps.channels.models import Channel, ChannelKind
from apps.channels.registry import transport_for
from apps.common.times import format_duration, format_instant
from apps.windows.models import UNDER_WAY_STATUSES

from .models import OPEN_ALARMS, Alarm, AlarmState, AlarmWay, Installation
from .policy import Halt

logger = logging.getLogger(__name__)

ANSWER_SECONDS = 20
IN_HAND_FOR = timedelta(minutes=2)  # whoever has not come back by then has died
PAUSES = (timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=5), timedelta(minutes=15))
TO_COME = (TouchpointState.PLANNED, TouchpointState.DUE)


class Unreachable(Exception):
    """Why nobody can be alarmed, as a sentence."""


@dataclass(frozen=True, kw_only=True)
class Way:
    channel: Channel
    address: str


def silence_of(campaign: Campaign) -> Silence | None:
    """What people have last heard and hear next of work that is under way; None for any other, and where nobody has
    heard of it at all. Two queries.

    Needs `campaign.window`.
    """
    window = campaign.window
    if window.status not in UNDER_WAY_STATUSES or campaign.released_at is None:
        return None
    heard_at = campaign.touchpoints.aggregate(at=Max("first_sent_at"))["at"]
    begun_at = window.actual_started_at or window.starts_at
    coming = _next_update(campaign)
    if heard_at is None and coming is None:
        return None
    return Silence(
        since=max(begun_at, heard_at) if heard_at else begun_at,
        announced_ends_at=window.announced_ends_at,
        every=cadence(window.duration),
        coming_at=coming.due_at if coming else None,
        is_held=coming.is_held_back if coming else False,
    )


def watch(*, clock: Callable[[], datetime], goes_on: Callable[[datetime], bool], untaken_for: timedelta = timedelta(0)) -> int:
    """Raises the alarms that are due and sends those that wait; returns how many were sent.

    `goes_on` is asked before each, since one may take as long as its provider: whether this may, and has the time to.
    `untaken_for`: only what nobody else has taken up for so long.
    """
    if not goes_on(now := clock()):
        return 0
    raise_alarms(now)
    sent = 0
    while goes_on(now := clock()) and (alarm := Alarm.objects.due(now - untaken_for).order_by("next_at").first()):
        sent += _send(alarm.pk, now=now)
    return sent


def _next_update(campaign: Campaign) -> Touchpoint | None:
    rows = Touchpoint.objects.filter(campaign=campaign, step__anchor=Anchor.DURING, state__in=TO_COME)
    return rows.select_related("campaign__owner", "channel", "step__owner").order_by("due_at", "pk").first()


def raise_alarms(now: datetime) -> None:
    for campaign, silence, expected in _endangered(now):
        coming = _next_update(campaign)
        fresh = Alarm(
            campaign=campaign,
            silent_since=silence.since,
            promised_by=expected.by,
            raised_at=now,
            next_at=now,
            user=owner_of(coming) if coming else campaign.owner,
        )
        Alarm.objects.bulk_create([fresh], ignore_conflicts=True)  # another clock may have seen it too


def unalarmed(now: datetime) -> list[tuple[Campaign, Promise]]:
    """While the installation is halted: whose promised word is about to be missing, and nobody is told. A copy owes none."""
    if not Installation.objects.halted().exclude(halt=Halt.COPY).exists():
        return []
    return [(campaign, expected) for campaign, _silence, expected in _endangered(now)]


def _endangered(now: datetime) -> Iterator[tuple[Campaign, Silence, Promise]]:
    under_way = Campaign.objects.filter(window__status__in=UNDER_WAY_STATUSES, released_at__isnull=False)
    for campaign in under_way.filter(window__is_sample=False).select_related("window", "owner"):
        try:
            silence = silence_of(campaign)
        except DatabaseError:
            raise
        except Exception:  # one campaign does not keep the others from their alarms
            logger.exception("The promises of campaign %s could not be looked at", campaign.pk)
            continue
        expected = promise(silence) if silence else None
        if silence and expected and expected.is_in_danger(now):
            yield campaign, silence, expected


def _send(pk: int, *, now: datetime) -> bool:
    """Takes the alarm by compare-and-set, sends it, and writes what came of it."""
    alarm = Alarm.objects.select_related("campaign__window", "campaign__owner", "user").get(pk=pk)
    mine = Alarm.objects.filter(pk=pk, state=alarm.state, attempts=alarm.attempts, next_at=alarm.next_at)
    if not mine.filter(state__in=OPEN_ALARMS).update(
        state=AlarmState.SENDING, attempts=F("attempts") + 1, next_at=now + IN_HAND_FOR
    ):
        return False
    alarm.attempts += 1
    held = Alarm.objects.filter(pk=pk, state=AlarmState.SENDING, attempts=alarm.attempts)
    silence = silence_of(alarm.campaign)
    if silence is None or silence.since != alarm.silent_since:
        held.update(state=AlarmState.SPARED)
        return False
    try:
        way = way_of(alarm.user)
        transmit(way, _message(alarm, way, now=now))
    except Unreachable as problem:
        held.update(state=AlarmState.FAILED, error=str(problem)[:300])
        return False
    except TransportError as error:
        _put_off(alarm, error, now)
        return False
    except Exception as error:
        logger.exception("The alarm %s could not be sent", pk)
        _put_off(alarm, TransportError(repr(error), permanent=False), now)
        return False
    held.update(state=AlarmState.SENT, sent_at=now, way=way.channel.name, error="")
    record("campaign.alarmed", subject=alarm.campaign, actor=None, now=now, owner=str(alarm.user), way=way.channel.name)
    return True


def _put_off(alarm: Alarm, error: TransportError, now: datetime) -> None:
    held = Alarm.objects.filter(pk=alarm.pk, state=AlarmState.SENDING, attempts=alarm.attempts)
    if error.permanent or alarm.attempts > len(PAUSES):
        held.update(state=AlarmState.FAILED, error=error.text[:300])
        return
    pause = max(PAUSES[alarm.attempts - 1], error.retry_after or timedelta(0))
    held.update(state=AlarmState.WAITING, next_at=now + pause, error=error.text[:300])


def way_of(user: User | None) -> Way:
    """How an alarm reaches `user`; raises Unreachable."""
    if user is None or not user.is_active:
        raise Unreachable(_("The campaign has no owner who could be alarmed."))
    own = AlarmWay.objects.select_related("channel").filter(user=user).first()
    if own is not None and own.channel.is_enabled:
        return Way(channel=own.channel, address=own.address)
    mail = Channel.objects.enabled().filter(kind=ChannelKind.EMAIL).order_by("pk").first()
    if mail is None:
        raise Unreachable(_("No e-mail channel is switched on by which the owner could be alarmed."))
    if not user.email:
        raise Unreachable(_("The owner's account has no e-mail address."))
    return Way(channel=mail, address=user.email)


def transmit(way: Way, message: Message) -> None:
    """Hands the message over; raises TransportError where it was not accepted. Not to be called inside a transaction."""
    (receipt,) = transport_for(way.channel, answer_timeout=ANSWER_SECONDS).send([message])
    if receipt.error is not None:
        raise receipt.error


def _message(alarm: Alarm, way: Way, *, now: datetime) -> Message:
    assert alarm.user is not None, "an alarm without a person has no way"
    with override(alarm.user.language):
        return alarm_message(
            way, _sentences(alarm, now), key=f"alarm-{alarm.pk}-{alarm.attempts}", link=_live_page(alarm), now=now
        )


def _sentences(alarm: Alarm, now: datetime) -> Sequence[str]:
    """The first is the subject: what is in danger, since when people hear nothing, and what to do."""
    assert alarm.user is not None, "an alarm without a person has no language"
    language, zone, window = alarm.user.language, alarm.user.time_zone, alarm.campaign.window
    by = format_instant(alarm.promised_by, zone=zone, language=language)
    since = format_instant(alarm.silent_since, zone=zone, language=language)
    minute = timedelta(minutes=1)
    distance = format_duration(max(abs(now - alarm.promised_by) // minute * minute, minute), language=language)
    if now < alarm.promised_by:
        first = _("The next word on “%(window)s” is promised in %(distance)s, and nothing will leave by itself.")
    else:
        first = _("The word that was promised on “%(window)s” is missing, %(distance)s past its time.")
    return (
        first % {"window": window.title, "distance": distance},
        _("Promised by: %(by)s. People last heard something: %(since)s.") % {"by": by, "since": since},
        _("Say where the work stands: send the next update, extend the window with a reason, or confirm that it is over."),
    )


def alarm_message(way: Way, sentences: Sequence[str], *, key: str, link: str, now: datetime) -> Message:
    subject, *rest = sentences
    text = "\n\n".join([*sentences, link])
    if way.channel.kind == ChannelKind.SMS:
        text = f"{subject} {link}"
    html = format_html("<p><strong>{}</strong></p><p>{}</p><p><a href='{}'>{}</a></p>", subject, " ".join(rest), link, link)
    return Message(
        key=key,
        address=way.address,
        subject=subject,
        text=text,
        html=html if way.channel.kind == ChannelKind.EMAIL else "",
        headers={
            "Message-ID": make_msgid(f"{key}-{uuid.uuid4()}", domain=urlsplit(settings.SITE_URL).hostname or "localhost"),
            "Date": format_datetime(now),
            "Auto-Submitted": "auto-generated",
        },
        data={"type": "alarm.promise", "timestamp": now.isoformat(), "text": subject},
        tags=("alarm",),
    )


def _live_page(alarm: Alarm) -> str:
    try:
        path = reverse("dashboard:live", args=[alarm.campaign_id])
    except NoReverseMatch:
        path = reverse("admin:windows_maintenancewindow_change", args=[alarm.campaign.window_id])
    return f"{settings.SITE_URL}{path}"
