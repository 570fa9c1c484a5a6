"""What is paused just now, in words: on every page, on the page of its window, and on its own."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Value
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.accounts.people import person_words
from apps.campaigns.models import STILL_TO_LEAVE, Campaign, Touchpoint, TouchpointQuerySet
from apps.campaigns.moments import touchpoint_words
from apps.channels.models import Channel
from apps.common.times import format_instant

from .steering import Target

TOUCHPOINT = ("campaign__window", "campaign__updates_held_by", "segment", "channel", "step", "paused_by")  # what is said of one


Fact = tuple[datetime | None, User | None, str]  # since when, by whom, why


@dataclass(frozen=True, kw_only=True)
class Pause:
    """One pause that is not over."""

    target: Target

    @property
    def kind(self) -> str:
        return str(self.target._meta.model_name)

    @property
    def name(self) -> str:
        return target_words(self.target)

    @property
    def fact(self) -> Fact:
        return self.target.paused_at, self.target.paused_by, self.target.pause_reason

    def since(self, zone: str) -> str:
        at, _who, _why = self.fact
        assert at is not None, "a pause has begun"
        return format_instant(at, zone=zone, language=get_language() or "en")

    def sentence(self, zone: str) -> str:
        """“Paused: Database upgrade, since Tuesday …, by Ana. The texts are wrong.”; `zone` is the reader's."""
        if isinstance(self.target, Campaign) and self.target.unapproved_since and self.kind == "campaign":
            words = {"name": self.name, "since": self.since(zone)}
            said = _("Held back: %(name)s, since %(since)s. It was edited after it was approved, and has to be approved anew.")
            return said % words
        _at, who, why = self.fact
        words = {"name": self.name, "since": self.since(zone), "who": person_words(who)}
        first = _("Paused: %(name)s, since %(since)s, by %(who)s.") % words
        return f"{first} {why}".strip()


@dataclass(frozen=True, kw_only=True)
class UpdatesPause(Pause):
    """The updates of one campaign, held together."""

    target: Campaign

    @property
    def kind(self) -> str:
        return "updates"

    @property
    def name(self) -> str:
        return _("the updates of %(window)s") % {"window": self.target}

    @property
    def fact(self) -> Fact:
        return self.target.updates_held_at, self.target.updates_held_by, self.target.updates_held_reason


def pauses() -> list[Pause]:
    """All of them: one query while there is none, and one more for each kind of which there is any."""
    kinds = (Channel.objects.paused(), Campaign.objects.paused(), Touchpoint.objects.paused())
    first, *others = (rows.order_by().values_list(Value(rows.model._meta.model_name)) for rows in kinds)
    found = {kind for (kind,) in first.union(*others)}
    targets: list[Target] = []
    if "channel" in found:
        targets += Channel.objects.paused().select_related("paused_by").order_by("paused_at")
    if "campaign" in found:
        targets += Campaign.objects.paused().select_related("window", "paused_by").order_by("paused_at")
    rows = Touchpoint.objects.paused().filter(state__in=STILL_TO_LEAVE)
    return [*_pauses(targets), *(_of_touchpoints(rows) if "touchpoint" in found else [])]


def pauses_of(campaign: Campaign) -> list[Pause]:
    """What keeps messages of this campaign back: itself, its touchpoints, or channels that it still needs.

    One query while nothing does, and one more for each kind that does.
    """
    rows = Touchpoint.objects.filter(campaign=campaign, state__in=STILL_TO_LEAVE)
    marks = list(rows.order_by().values_list("paused_at", "channel", "channel__paused_at"))
    by_channel = {channel for _at, channel, paused_at in marks if paused_at}
    targets: list[Target] = [campaign] if campaign.paused_at else []
    if by_channel:
        targets += Channel.objects.filter(pk__in=by_channel).select_related("paused_by").order_by("paused_at")
    return [*_pauses(targets), *(_of_touchpoints(rows.paused()) if any(at for at, _channel, _paused in marks) else [])]


def _of_touchpoints(rows: TouchpointQuerySet) -> list[Pause]:
    """Each by itself, but for updates that are held together: these are said once, for their campaign. One query."""
    together: dict[int, Pause] = {}
    alone = []
    for row in rows.select_related(*TOUCHPOINT).order_by("paused_at"):
        if row.paused_at == row.campaign.updates_held_at:
            together.setdefault(row.campaign_id, UpdatesPause(target=row.campaign))
        else:
            alone.append(row)
    return [*together.values(), *_pauses(alone)]


def pauses_on(touchpoint: Touchpoint) -> list[Pause]:
    """What keeps this one back."""
    return _pauses(each for each in (touchpoint, touchpoint.campaign, touchpoint.channel) if each.paused_at)


def target_words(target: Target) -> str:
    match target:
        case Campaign():
            return str(target)
        case Channel():
            return _("the channel “%(name)s”") % {"name": target}
        case Touchpoint():
            column = f"{target.segment} · {target.channel}" if target.segment else str(target.channel)
            return _("“%(moment)s” to %(column)s of %(window)s") % {
                "moment": touchpoint_words(target),
                "column": column,
                "window": target.campaign,
            }


def _pauses(targets: Iterable[Target]) -> list[Pause]:
    return [Pause(target=target) for target in targets]
