"""The review in sentences: what a team lead reads first. From figures already counted; asks nothing."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.campaigns.models import TouchpointState
from apps.common.times import format_duration
from apps.windows.models import MaintenanceWindow

from .baseline import Expectation, Judgement, Stage
from .metrics.funnel import FunnelStep
from .metrics.live import Live
from .metrics.review import Review
from .wording import count_range, language, number, percent, percent_range, short_duration

Tone = Literal["ok", "warn", "bad", "info", "idle"]
PUNCTUAL = timedelta(minutes=5)  # of the work itself
FEW_OPENS = 0.2


@dataclass(frozen=True, kw_only=True)
class Finding:
    tone: Tone
    text: str
    detail: str = ""


def findings(review: Review) -> list[Finding]:
    return [
        *_of_the_work(review),
        *_of_the_touchpoints(review),
        *_of_the_messages(review),
        *_of_reading(review),
        *_of_answers(review),
        *_of_support(review),
    ]


def _of_the_work(review: Review) -> Iterator[Finding]:
    schedule, slip = review.schedule, review.schedule.end_slip
    if schedule.is_cancelled:
        yield Finding(tone="idle", text=_("The window was cancelled."))
    elif slip is None or schedule.actual_ended_at is None:
        yield Finding(tone="info", text=_("The work has not been confirmed as over: all figures are provisional."))
    elif abs(slip) <= PUNCTUAL:
        yield Finding(tone="ok", text=_("The work ended on time."), detail=_duration(review))
    elif slip < timedelta(0):
        text = _("The work ended %(duration)s before its planned end.") % {"duration": _words(slip)}
        yield Finding(tone="ok", text=text, detail=_duration(review))
    elif schedule.actual_ended_at <= schedule.announced_ends_at:
        text = _("The work ended %(duration)s after its planned end, within the announced range.") % {"duration": _words(slip)}
        yield Finding(tone="ok", text=text, detail=_duration(review))
    else:
        text = _("The work ended %(duration)s after its planned end, later than announced.") % {"duration": _words(slip)}
        yield Finding(tone="bad", text=text, detail=_duration(review))


def _duration(review: Review) -> str:
    done = review.schedule.actual_duration
    if done is None:
        return ""
    planned = review.schedule.ends_at - review.schedule.starts_at
    return _("It took %(actual)s; %(planned)s were planned.") % {"actual": _words(done), "planned": _words(planned)}


def _of_the_touchpoints(review: Review) -> Iterator[Finding]:
    missed = sum(row.state == TouchpointState.MISSED for row in review.touchpoints)
    left = [row for row in review.touchpoints if row.first_sent_at]
    late = [row for row in left if row.is_late]
    if missed:
        text = ngettext("%(count)s touchpoint was missed.", "%(count)s touchpoints were missed.", missed)
        yield Finding(tone="bad", text=text % {"count": number(missed)}, detail=_("The table of touchpoints says why."))
    if not left:
        yield Finding(tone="idle", text=_("No touchpoint has left."))
    elif late:
        text = ngettext("%(count)s touchpoint left late.", "%(count)s touchpoints left late.", len(late))
        worst = max(row.late_by for row in late if row.late_by)
        detail = _("The latest left %(duration)s after its time.") % {"duration": short_duration(worst)}
        yield Finding(tone="warn", text=text % {"count": number(len(late))}, detail=detail)
    else:
        text = ngettext("The one touchpoint left on time.", "All %(count)s touchpoints that left were on time.", len(left))
        worst = max((row.late_by for row in left if row.late_by), default=timedelta(0))
        detail = _("The slowest began %(duration)s after its time.") % {"duration": short_duration(worst)}
        yield Finding(tone="ok", text=text % {"count": number(len(left))}, detail=detail)


def _of_the_messages(review: Review) -> Iterator[Finding]:
    stages = {stage.step: stage for stage in review.funnel.stages}
    accepted = stages[FunnelStep.ACCEPTED]
    if not accepted.rate or accepted.rate.share is None:
        return
    text = _("%(accepted)s of %(handed_over)s messages were accepted (%(share)s).") % {
        "accepted": number(accepted.count),
        "handed_over": number(accepted.rate.n),
        "share": percent(accepted.rate.share),
    }
    in_doubt = sum(row.in_doubt for row in review.touchpoints)
    doubt = ngettext("%(count)s is in doubt.", "%(count)s are in doubt.", in_doubt) % {"count": number(in_doubt)}
    tone: Tone = "ok" if accepted.rate.share >= 0.98 and not in_doubt else "warn" if accepted.rate.share >= 0.9 else "bad"
    yield Finding(tone=tone, text=text, detail=doubt if in_doubt else "")


def _of_reading(review: Review) -> Iterator[Finding]:
    opened = next(stage for stage in review.funnel.stages if stage.step == FunnelStep.OPENED)
    if not opened.rate or opened.rate.share is None or opened.rate.interval is None:
        yield Finding(tone="idle", text=_("Whether messages were opened cannot be told: no channel used here can show it."))
        return
    text = _("People opened %(share)s of the messages that can tell (%(interval)s).") % {
        "share": percent(opened.rate.share),
        "interval": percent_range(opened.rate.interval),
    }
    organisations = review.organisations_opened
    detail = ""
    if organisations.n:
        detail = _("In %(count)s of %(n)s customer organisations at least one contact did.") % {
            "count": number(organisations.count),
            "n": number(organisations.n),
        }
    yield Finding(tone="ok" if opened.rate.share >= FEW_OPENS else "warn", text=text, detail=detail)


def _of_answers(review: Review) -> Iterator[Finding]:
    found = review.answers
    if not found.invited:
        return
    text = _("Of %(invited)s people with a calendar invitation %(accepted)s accepted and %(declined)s declined.") % {
        "invited": number(found.invited),
        "accepted": number(found.accepted),
        "declined": number(found.declined),
    }
    yield Finding(tone="info", text=text, detail=_("The list says who, and what they wrote.") if found.declined else "")


def _of_support(review: Review) -> Iterator[Finding]:
    during = review.tickets.of(Stage.DURING)
    if not review.tickets.is_connected:
        yield Finding(tone="idle", text=_("No help desk is connected, so tickets cannot be compared."))
    elif during is None:
        return
    elif during.expected is None:
        text = ngettext(
            "%(count)s ticket was opened during the work.", "%(count)s tickets were opened during the work.", during.observed
        )
        detail = _("There is no verdict: fewer than four comparable weeks are known.")
        yield Finding(tone="info", text=text % {"count": number(during.observed)}, detail=detail)
    else:
        yield _judged(during, during.expected, after=review.tickets.of(Stage.AFTER))


def _judged(during: Judgement, normal: Expectation, *, after: Judgement | None) -> Finding:
    """Tickets during the work against what is normal, and a word on the day after."""
    numbers = {"tickets": _tickets(during.observed), "range": count_range(normal.range)}
    tone: Tone = "ok"
    if during.is_normal:
        text = _("Support stayed within the normal range during the work: %(tickets)s, normal is %(range)s.")
    elif during.is_above:
        tone, text = "bad", _("Support was busier than normal during the work: %(tickets)s, normal is %(range)s.")
    else:
        text = _("Support was quieter than normal during the work: %(tickets)s, normal is %(range)s.")
    if after is None or after.expected is None:
        return Finding(tone=tone, text=text % numbers)
    if after.is_above:
        tone = "warn" if tone == "ok" else tone
        detail = _("The day after was above the normal range: %(tickets)s, normal is %(range)s.")
    else:
        detail = _("The day after was not above the normal range: %(tickets)s, normal is %(range)s.")
    words = {"tickets": _tickets(after.observed), "range": count_range(after.expected.range)}
    return Finding(tone=tone, text=text % numbers, detail=detail % words)


def _tickets(count: int) -> str:
    return ngettext("%(count)s ticket", "%(count)s tickets", count) % {"count": number(count)}


def live_summary(window: MaintenanceWindow, live: Live) -> str:
    """One sentence for people who listen to the live page; it changes only when something has happened."""
    left = sum(row.state == TouchpointState.SENT for row in live.touchpoints)
    words = _("%(title)s: %(state)s. %(sent)s of %(total)s touchpoints sent, %(missed)s missed.") % {
        "title": window.title,
        "state": window.get_status_display(),
        "sent": number(left),
        "total": number(len(live.touchpoints)),
        "missed": number(len(live.missed)),
    }
    return f"{words} {_('The planned end has passed and nobody has confirmed that it is over.')}" if live.is_overrun else words


def _words(duration: timedelta) -> str:
    return format_duration(abs(duration), language=language())
