"""The delivery log of a campaign: the list, one recipient, another attempt for what failed, and the list as a file."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, ngettext, override
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_sameorigin

from apps.campaigns.models import Campaign, Touchpoint
from apps.common.sheets import defused
from apps.delivery.editions import read_again
from apps.delivery.models import Delivery, DeliveryQuerySet
from apps.delivery.reasons import sentence
from apps.delivery.retrying import retry_failed, retryable, still_of_use
from apps.delivery.searching import Search, search
from apps.delivery.tallies import tallies

from ..logbook import rows
from ..logbook.choices import Choice
from ..logbook.figures import figures
from ..logbook.story import story
from ..logbook.words import event_words
from ..moments import moment_label
from ..wording import language
from .pages import about, find_campaign, page, render

# Only the message's own inline styles and pictures of this site; no script, no form, no request elsewhere.
FRAME_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'self'; sandbox"
HEADER = (
    "recipient",
    "address",
    "touchpoint",
    "segment",
    "channel",
    "state",
    "why",
    "attempts",
    "said",
    "sent",
    "came back",
    "name",
)


@dataclass(frozen=True, kw_only=True)
class Log:
    """A campaign's log as narrowed by what the reader chose; its touchpoints are read once."""

    campaign: Campaign
    choice: Choice
    touchpoints: Mapping[int, Touchpoint]

    @classmethod
    def of(cls, campaign: Campaign, data: Mapping[str, str]) -> "Log":
        touchpoints = campaign.touchpoints.select_related("segment", "channel", "step__channel")
        for row in touchpoints:
            row.campaign = campaign
        return cls(campaign=campaign, choice=Choice.of(data), touchpoints={row.pk: row for row in touchpoints})

    @cached_property
    def narrowed(self) -> list[Touchpoint]:
        return self.choice.narrowed(list(self.touchpoints.values()))

    @cached_property
    def found(self) -> Search | None:
        return search(self.choice.q) if self.choice.q else None

    @cached_property
    def rows(self) -> DeliveryQuerySet:
        return rows.chosen(self.choice, self.narrowed, self.found)

    def may_go_again(self, now: datetime) -> DeliveryQuerySet:
        return retryable(self.rows, still_of_use(self.narrowed, now=now))


@page
def log(request: HttpRequest, campaign_id: int) -> HttpResponse:
    shown, now = Log.of(find_campaign(campaign_id), request.GET), timezone.now()
    counts = tallies(list(shown.touchpoints))
    lines, following = rows.page(shown.rows, shown.choice, shown.touchpoints, counts)
    may_retry = request.user.has_perm("delivery.change_delivery")
    context = {
        **about(shown.campaign),
        "title": shown.campaign.window.title,
        "subtitle": _("Delivery log"),
        "now": now,
        "choice": shown.choice,
        "figures": figures(shown.choice, shown.touchpoints, counts, language=language()),
        "lines": lines,
        "is_cut": shown.found is not None and shown.found.is_cut,
        "next_page": shown.choice.with_(before=following) if following else "",
        "retryable": shown.may_go_again(now).count() if may_retry else 0,
    }
    return render(request, "dashboard/log.html", context)


@page
def delivery(request: HttpRequest, campaign_id: int, delivery_id: int) -> HttpResponse:
    campaign, now = find_campaign(campaign_id), timezone.now()
    row = _delivery(campaign, delivery_id)
    may_retry = request.user.has_perm("delivery.change_delivery")
    again = retryable(Delivery.objects.filter(pk=row.pk), still_of_use([row.touchpoint], now=now))
    context = {
        **about(campaign),
        "title": campaign.window.title,
        "subtitle": _("Delivery log"),
        "now": now,
        "delivery": row,
        "moment": moment_label(row.touchpoint, language=language()),
        "reading": read_again(row),
        "story": story(row),
        "may_retry": may_retry and again.exists(),
    }
    return render(request, "dashboard/delivery.html", context)


@page
@xframe_options_sameorigin
def delivery_html(request: HttpRequest, campaign_id: int, delivery_id: int) -> HttpResponse:
    """The HTML part alone, for the sandboxed frame of the page."""
    reading = read_again(_delivery(find_campaign(campaign_id), delivery_id))
    if reading.content is None:
        raise Http404(reading.problem)
    return HttpResponse(reading.content.html, headers={"Content-Security-Policy": FRAME_POLICY})


@page
def retry(request: HttpRequest, campaign_id: int) -> HttpResponse:
    """GET says who is written to again; POST does it, for those who are still so by then."""
    if not request.user.has_perm("delivery.change_delivery"):
        raise PermissionDenied
    data, now = request.POST if request.method == "POST" else request.GET, timezone.now()
    chosen = Log.of(find_campaign(campaign_id), data)
    again = chosen.may_go_again(now)
    back = reverse("dashboard:log", args=[campaign_id]) + chosen.choice.query
    if request.method == "POST":
        actor: Any = request.user
        count = retry_failed(chosen.campaign, again, actor=actor, now=now)
        _say_retried(request, count, left=Log.of(chosen.campaign, data).may_go_again(now).count())
        return HttpResponseRedirect(back)
    context = {
        **about(chosen.campaign),
        "title": chosen.campaign.window.title,
        "subtitle": _("Try again"),
        "now": now,
        "choice": chosen.choice,
        "back": back,
        "count": again.count(),
        "groups": list(_groups(again, chosen.touchpoints)),
        "people": list(again.select_related("contact").order_by("pk")[:10]),
    }
    return render(request, "dashboard/retry.html", context)


@page
def log_file(request: HttpRequest, campaign_id: int) -> StreamingHttpResponse:
    """The rows of the log as CSV, written as they are read."""
    chosen = Log.of(find_campaign(campaign_id), request.GET)
    response = StreamingHttpResponse(_csv(chosen, get_language() or "en"), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="campaign-{campaign_id}-log.csv"'
    return response


@dataclass(frozen=True, kw_only=True)
class Group:
    """Deliveries of one touchpoint that go again for the same reason."""

    moment: str
    column: str
    why: str
    number: int


def _groups(again: QuerySet[Delivery], touchpoints: Mapping[int, Touchpoint]) -> Iterator[Group]:
    counted = again.order_by().values_list("touchpoint", "reason").annotate(number=Count("pk")).order_by("touchpoint", "reason")
    for pk, reason, number in counted:
        row = touchpoints[pk]
        column = f"{row.segment} · {row.channel}" if row.segment else str(row.channel)
        yield Group(moment=moment_label(row, language=language()), column=column, why=sentence(reason), number=number)


def _say_retried(request: HttpRequest, count: int, *, left: int) -> None:
    if not count:
        messages.warning(request, _("None of them may go again any more: they arrived, or what they say is of no more use."))
        return
    text = ngettext("%(count)s delivery leaves again now.", "%(count)s deliveries leave again now.", count)
    messages.success(request, text % {"count": count})
    if left:
        more = ngettext("%(count)s more may go again: retry it, too.", "%(count)s more may go again: retry them, too.", left)
        messages.info(request, more % {"count": left})


class _Echo:
    """What csv writes is handed on instead of kept."""

    def write(self, text: str) -> str:
        return text


def _csv(chosen: Log, code: str) -> Iterator[str]:
    writer = csv.writer(_Echo())
    with override(code):  # the request is over by then
        yield "\ufeff" + writer.writerow(HEADER)
        moments = {pk: moment_label(row, language=language()) for pk, row in chosen.touchpoints.items()}
        for line in rows.exported(chosen.rows, chosen.touchpoints):
            yield writer.writerow(defused(cell) for cell in _cells(line, moments))


def _cells(line: rows.Line, moments: Mapping[int, str]) -> Iterator[str]:
    row, touchpoint = line.delivery, line.delivery.touchpoint
    yield str(row.contact or touchpoint.channel)
    yield row.address
    yield moments[touchpoint.pk]
    yield str(touchpoint.segment or "")
    yield str(touchpoint.channel)
    yield row.state
    yield sentence(row.reason)
    yield str(row.attempts)
    yield line.said
    yield row.sent_at.isoformat() if row.sent_at else ""
    yield "; ".join(dict.fromkeys(event_words(event) for event in line.events))
    yield row.token.hex


def _delivery(campaign: Campaign, pk: int) -> Delivery:
    related = ("contact", "batch__edition", "touchpoint__segment", "touchpoint__channel", "touchpoint__step__channel")
    found = get_object_or_404(Delivery.objects.select_related(*related), pk=pk, touchpoint__campaign=campaign)
    found.touchpoint.campaign = campaign
    return found
