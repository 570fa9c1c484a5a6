"""What a rehearsal would send and by which ways, before it begins; and in a sentence how far one has come."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from django.utils.formats import number_format
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from apps.campaigns.models import Campaign
from apps.campaigns.moments import instant_words, reason_words
from apps.channels.models import MAIL_KINDS, Channel, ChannelKind
from apps.common.times import format_duration

from ..models import Assumed, Rehearsal, RehearsalState
from .marks import recipients_sentence
from .script import Line, Script
from .stand_ins import StandIns
from .timeline import Moment, Stop, Timeline, readers_words


@dataclass(frozen=True, kw_only=True)
class Overview:
    email: str
    counts: tuple[int, int]  # messages in one language each, and in every language
    ways: Sequence[str]
    moments: Sequence[Moment]


def overview_of(script: Script, campaign: Campaign, *, email: str) -> Overview:
    one, every = (StandIns(window=campaign.window, chosen={}, every_language=wanted) for wanted in (False, True))
    zone = campaign.window.time_zone
    return Overview(
        email=email,
        counts=(
            sum(len(one.languages(line)) for line in script.played),
            sum(len(every.languages(line)) for line in script.played),
        ),
        ways=list(_ways(Counter(line.column.channel for line in script.played))),
        moments=[_moment(list(group), zone) for _key, group in groupby(script.lines, key=_moment_key)],
    )


def _ways(channels: Counter[Channel]) -> Iterator[str]:
    for channel, count in channels.items():
        names = {"channel": channel, "count": number_format(count)}
        if channel.kind in MAIL_KINDS:
            yield (
                ngettext(
                    "%(count)s touchpoint by “%(channel)s”, as it would leave.",
                    "%(count)s touchpoints by “%(channel)s”, as they would leave.",
                    count,
                )
                % names
            )
        elif channel.kind == ChannelKind.SMS:
            yield (
                ngettext(
                    "%(count)s touchpoint by “%(channel)s”: to your phone if you give its number, else as an e-mail to you.",
                    "%(count)s touchpoints by “%(channel)s”: to your phone if you give its number, else as e-mails to you.",
                    count,
                )
                % names
            )
        else:
            yield (
                ngettext(
                    "%(count)s touchpoint in place of “%(channel)s”, as an e-mail to you. Nothing is posted there.",
                    "%(count)s touchpoints in place of “%(channel)s”, as e-mails to you. Nothing is posted there.",
                    count,
                )
                % names
            )


def _moment_key(line: Line) -> tuple[object, ...]:
    return line.spot.step_key, line.spot.occurrence, line.at


def _moment(lines: Sequence[Line], zone: str) -> Moment:
    spot, at = lines[0].spot, lines[0].at
    name, anchor = spot.words
    when = instant_words(at, zone) if at else ""
    return Moment(name=name, anchor=anchor, real_time=when, clock="", stops=[_stop(line) for line in lines])


def _stop(line: Line) -> Stop:
    segment = line.column.segment
    return Stop(
        recipients=recipients_sentence(segment.name if segment else "", line.column.channel.name, line.recipients),
        readers=readers_words(line.column.reach.languages, reached=line.recipients),
        assumed=str(Assumed(line.assumes).label) if line.is_played else "",
        reason="" if line.is_played else reason_words(line.spot.reason) or _("It has no time yet."),
        copies=(),
    )


def standing_of(rehearsal: Rehearsal, timeline: Timeline, *, zone: str) -> str:
    """How far it has come; it changes only when something has happened."""
    counts = {"sent": number_format(timeline.sent), "all": number_format(timeline.leaving)}
    words = _("%(sent)s of %(all)s messages have been accepted.") % counts
    if timeline.troubled:
        words += " " + ngettext(
            "%(count)s has not: look below why.", "%(count)s have not: look below why.", timeline.troubled
        ) % {"count": number_format(timeline.troubled)}
    match rehearsal.state:
        case RehearsalState.FINISHED if rehearsal.ended_at:
            words += " " + _("It ended on %(when)s.") % {"when": instant_words(rehearsal.ended_at, zone)}
        case RehearsalState.STOPPED if rehearsal.ended_at:
            words += " " + _("It was stopped on %(when)s.") % {"when": instant_words(rehearsal.ended_at, zone)}
    return words


def facts_of(rehearsal: Rehearsal, *, zone: str) -> str:
    """Who, when, how long and where to."""
    planner = rehearsal.planner
    lasts = format_duration(rehearsal.lasts, language=get_language() or "en") if rehearsal.lasts else _("at once")
    return _("Begun on %(when)s by %(who)s, to %(email)s alone; the whole plan in: %(lasts)s.") % {
        "when": instant_words(rehearsal.started_at, zone),
        "who": planner.get_full_name() or planner.get_username(),
        "email": rehearsal.email,
        "lasts": lasts,
    }
