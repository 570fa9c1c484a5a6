"""What a window under way asks of its planner: whether it is over, and by when people expect the next word."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from apps.accounts.people import person_words
from apps.campaigns.models import Campaign
from apps.campaigns.promises import Promise, Rule, promise
from apps.common.times import format_instant
from apps.delivery.alarms import silence_of
from apps.delivery.holding import updates_of
from apps.delivery.models import Alarm, AlarmState
from apps.windows.models import UNDER_WAY_STATUSES

from .wording import language

# Proposed with one press, each a page that says first what it leads to: minutes from now, or from the planned end.
EXTENSIONS = (30, 60, 120)


@dataclass(frozen=True, kw_only=True)
class Watch:
    """`promise`: the next word that people expect; None where they expect none."""

    campaign: Campaign
    now: datetime
    promise: Promise | None
    alarm: Alarm | None
    updates: int  # touchpoints of updates that are still to leave
    extensions: Sequence[int] = EXTENSIONS

    @property
    def is_under_way(self) -> bool:
        return self.campaign.window.status in UNDER_WAY_STATUSES

    @property
    def is_overrun(self) -> bool:
        return self.is_under_way and self.campaign.window.ends_at <= self.now

    @property
    def tone(self) -> str:
        if self.promise is None:
            return "idle"
        if self.promise.is_broken(self.now):
            return "bad"
        return "warn" if self.promise.is_in_danger(self.now) else "ok"

    @property
    def why(self) -> str:
        """What makes it a promise, and whether it will be kept by itself."""
        if self.promise is None:
            return ""
        if self.promise.is_broken(self.now):
            return _("The promised word is missing.")
        if self.promise.leaves_by_itself:
            return _("The next update leaves by itself.")
        return {
            Rule.PLANNED: _("The next update is held back: nothing leaves unless somebody lets it go on."),
            Rule.CADENCE: _(
                "No update is planned any more: people expect a word as often as before, even when nothing has changed."
            ),
            Rule.END: _("It was announced to be over by then: people expect to hear whether it is."),
        }[self.promise.rule]

    def alarm_words(self, zone: str) -> str:
        """Who was alarmed, or why nobody was; nothing while there was no reason."""
        if self.alarm is None:
            return ""
        who = person_words(self.alarm.user)
        match self.alarm.state:
            case AlarmState.SENT if self.alarm.sent_at:
                when = format_instant(self.alarm.sent_at, zone=zone, language=language())
                return _("%(who)s was alarmed by “%(way)s”: %(when)s.") % {"who": who, "way": self.alarm.way, "when": when}
            case AlarmState.FAILED:
                return _("Nobody could be alarmed. %(why)s") % {"why": self.alarm.error}
            case AlarmState.SPARED:
                return ""
        if self.alarm.error:
            return _("The alarm to %(who)s could not be sent so far, and is tried again. %(why)s") % {
                "who": who,
                "why": self.alarm.error,
            }
        return _("%(who)s is being alarmed.") % {"who": who}


def watch(campaign: Campaign, *, now: datetime) -> Watch:
    """Four queries at most. Needs `campaign.window`."""
    silence = silence_of(campaign)
    alarm = None
    if silence is not None:
        alarm = Alarm.objects.filter(campaign=campaign, silent_since=silence.since).select_related("user").first()
    return Watch(
        campaign=campaign,
        now=now,
        promise=promise(silence) if silence else None,
        alarm=alarm,
        updates=updates_of(campaign).count(),
    )
