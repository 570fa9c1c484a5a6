"""What is paused just now, in words: on every page, on the page of its window, and on its own."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.campaigns.models import STILL_TO_LEAVE, Campaign, Touchpoint
from apps.campaigns.moments import touchpoint_words
from apps.channels.models import Channel
from apps.common.times import format_instant

from .steering import Target

TOUCHPOINT = ("campaign__window", "segment", "channel", "step", "paused_by")  # what is said of one


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

    def since(self, zone: str) -> str:
        assert self.target.paused_at is not None, "a pause has begun"
        return format_instant(self.target.paused_at, zone=zone, language=get_language() or "en")

    def sentence(self, zone: str) -> str:
        """“Paused: Database upgrade, since Tuesday …, by Ana. The texts are wrong.”; `zone` is the reader's."""
        words = {"name": self.name, "since": self.since(zone), "who": person_words(self.target.paused_by)}
        first = _("Paused: %(name)s, since %(since)s, by %(who)s.") % words
        return f"{first} {self.target.pause_reason}".strip()


def pauses() -> list[Pause]:
    """All of them; one query while there is none."""
    kinds = (Channel.objects.paused(), Campaign.objects.paused(), Touchpoint.objects.paused())
    first, *others = (rows.order_by().values("paused_at") for rows in kinds)
    if not first.union(*others, all=True).exists():
        return []
    channels = Channel.objects.paused().select_related("paused_by").order_by("paused_at")
    campaigns = Campaign.objects.paused().select_related("window", "paused_by").order_by("paused_at")
    touchpoints = Touchpoint.objects.paused().filter(state__in=STILL_TO_LEAVE).select_related(*TOUCHPOINT).order_by("paused_at")
    return _pauses([*channels, *campaigns, *touchpoints])


def pauses_of(campaign: Campaign) -> list[Pause]:
    """What keeps messages of this campaign back: itself, its touchpoints, or channels that it still needs."""
    rows = Touchpoint.objects.filter(campaign=campaign, state__in=STILL_TO_LEAVE)
    channels = Channel.objects.paused().filter(pk__in=rows.values("channel")).select_related("paused_by").order_by("paused_at")
    itself = Campaign.objects.paused().filter(pk=campaign.pk).select_related("window", "paused_by")
    touchpoints = rows.paused().select_related(*TOUCHPOINT).order_by("paused_at")
    return _pauses([*itself, *channels, *touchpoints])


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


def person_words(person: User | None) -> str:
    return person.get_full_name() or person.get_username() if person else _("the system")


def _pauses(targets: Iterable[Target]) -> list[Pause]:
    return [Pause(target=target) for target in targets]
