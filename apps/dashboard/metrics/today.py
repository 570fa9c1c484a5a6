"""What a planner sees first: what runs, what comes, what needs a hand. The dashboard's overview tells the rest."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q
from django.urls import reverse
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.accounts.people import person_words
from apps.campaigns.headline import Headline, headline
from apps.campaigns.models import Approval, Touchpoint, TouchpointState
from apps.channels.models import Channel
from apps.common.times import format_period
from apps.delivery.models import Delivery, DeliveryState
from apps.upstream.models import UpstreamNotice
from apps.windows.models import MaintenanceWindow, WindowStatus

RECENT = timedelta(days=7)
MOST = 5


@dataclass(frozen=True, kw_only=True)
class WindowLine:
    window: MaintenanceWindow
    headline: Headline
    times: str
    services: str
    url: str


@dataclass(frozen=True, kw_only=True)
class Attention:
    sentence: str
    url: str


@dataclass(frozen=True, kw_only=True)
class Today:
    running: Sequence[WindowLine]
    coming: Sequence[WindowLine]
    drafts: Sequence[WindowLine]
    attention: Sequence[Attention]
    has_sample: bool = False

    @property
    def is_empty(self) -> bool:
        return not (self.running or self.coming or self.drafts)


def today(*, now: datetime) -> Today:
    """Eleven queries at most, however many windows there are."""
    windows = MaintenanceWindow.objects.prefetch_related("services")
    running = windows.under_way().order_by("ends_at")
    coming = windows.filter(status=WindowStatus.SCHEDULED).order_by("starts_at")
    drafts = windows.filter(status=WindowStatus.DRAFT).order_by("-updated_at")
    return Today(
        running=[_line(window, now) for window in running[:MOST]],
        coming=[_line(window, now) for window in coming[:MOST]],
        drafts=[_line(window, now) for window in drafts[:MOST]],
        has_sample=windows.filter(is_sample=True).exists(),
        attention=[*_late_windows(now), *_troubled_campaigns(now), *_silent_channels(), *_upstream_notices()],
    )


def approvals_waiting(user: User) -> Iterator[Attention]:
    """Campaigns that somebody asks this person to approve; one query, and none for those who may not."""
    rows = Approval.objects.waiting_for(user).select_related("campaign__window", "asked_by").order_by("asked_at")
    for approval in rows[:MOST]:
        words = {"who": person_words(approval.asked_by), "title": approval.campaign.window.title}
        yield Attention(
            sentence=_("%(who)s asks you to approve “%(title)s”.") % words,
            url=reverse("admin:windows_maintenancewindow_approval", args=[approval.campaign.window_id]),
        )


def _line(window: MaintenanceWindow, now: datetime) -> WindowLine:
    return WindowLine(
        window=window,
        headline=headline(window, now=now),
        times=format_period(window.starts_at, window.ends_at, zone=window.time_zone, language=get_language() or "en"),
        services=", ".join(service.name for service in window.services.all()),
        url=_page(window.pk),
    )


def _page(window_id: int) -> str:
    return reverse("admin:windows_maintenancewindow_change", args=[window_id])


def _late_windows(now: datetime) -> Iterator[Attention]:
    waiting = Q(status=WindowStatus.SCHEDULED, starts_at__lte=now)
    overrun = Q(pk__in=MaintenanceWindow.objects.overrun(now).values("pk"))
    for window in MaintenanceWindow.objects.filter(waiting | overrun).order_by("ends_at")[:MOST]:
        words = headline(window, now=now)
        sentence = _("%(label)s: %(value)s") % {"label": window.title, "value": f"{words.stands} {words.next_step}"}
        yield Attention(sentence=sentence, url=_page(window.pk))


def _troubled_campaigns(now: datetime) -> Iterator[Attention]:
    """Touchpoints that were missed, and messages that could not be delivered, of the last days; doubts of any age."""
    missed = Touchpoint.objects.filter(state=TouchpointState.MISSED, due_at__gt=now - RECENT).order_by()
    counted = missed.values_list("campaign__window", "campaign__window__title").annotate(number=Count("pk"))
    for window_id, title, number in counted.order_by("-number")[:MOST]:
        text = ngettext("%(title)s: %(n)s touchpoint was missed.", "%(title)s: %(n)s touchpoints were missed.", number)
        yield Attention(sentence=text % {"title": title, "n": number}, url=_page(window_id))
    failed = Delivery.objects.with_a_reason().filter(state=DeliveryState.FAILED, settled_at__gt=now - RECENT).order_by()
    broken = failed.values_list("touchpoint__campaign__window", "touchpoint__campaign__window__title").annotate(
        number=Count("pk")
    )
    for window_id, title, number in broken.order_by("-number")[:MOST]:
        text = ngettext("%(title)s: %(n)s message failed.", "%(title)s: %(n)s messages failed.", number)
        yield Attention(sentence=text % {"title": title, "n": number}, url=_page(window_id))
    doubts = Delivery.objects.in_doubt().order_by()
    doubted = doubts.values_list("touchpoint__campaign", "touchpoint__campaign__window__title").annotate(number=Count("pk"))
    for campaign_id, title, number in doubted.order_by("-number")[:MOST]:
        text = ngettext("%(title)s: %(n)s message is in doubt.", "%(title)s: %(n)s messages are in doubt.", number)
        url = f"{reverse('admin:delivery_doubtfuldelivery_changelist')}?campaign={campaign_id}"
        yield Attention(sentence=text % {"title": title, "n": number}, url=url)


def _silent_channels() -> Iterator[Attention]:
    """Channels switched off although live campaigns mean to speak by them."""
    meant = Touchpoint.objects.filter(campaign__window__in=MaintenanceWindow.objects.live().values("pk")).order_by()
    for channel in Channel.objects.filter(is_enabled=False, pk__in=meant.values("channel"))[:MOST]:
        sentence = _("The channel “%(name)s” is switched off; plans that use it leave it out.") % {"name": channel}
        yield Attention(sentence=sentence, url=reverse("admin:channels_channel_change", args=[channel.pk]))


def _upstream_notices() -> Iterator[Attention]:
    if number := UpstreamNotice.objects.to_review().count():
        text = ngettext("%(n)s notice of a provider waits for you.", "%(n)s notices of providers wait for you.", number)
        yield Attention(sentence=text % {"n": number}, url=reverse("admin:upstream_upstreamnotice_changelist"))
