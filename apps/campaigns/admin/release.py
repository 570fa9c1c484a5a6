"""The review before a window is scheduled: everything in numbers, every warning to be ticked, and one button that says them."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from apps.audiences.models import Segment, SuppressionReason
from apps.audiences.rules import RuleError
from apps.channels.models import Channel
from apps.windows.models import WindowStatus
from apps.windows.services import WindowError

from .. import services
from ..approval.standing import standing_of
from ..forms.verbs import seen_of
from ..models import Campaign
from ..reach import left_out
from ..recipients import NO_ADDRESS
from ..review import Review, review_of
from .pages import conflict, find_campaign, planner, render, require

PER_PAGE = 100
REASONS = {NO_ADDRESS: gettext_lazy("No address for this channel"), **dict(SuppressionReason.choices)}


def release_page(request: HttpRequest, pk: int) -> HttpResponse:
    require(request, "change")
    campaign, now = find_campaign(pk), timezone.now()
    if campaign.window.status != WindowStatus.DRAFT:
        messages.warning(request, _("It is no longer a draft. What can still be changed stands below."))
        return redirect("admin:windows_maintenancewindow_change", pk)
    problems: list[str] = []
    if request.method == "POST":
        try:
            with transaction.atomic():
                campaign = _held(pk)
                review = review_of(campaign, now=now)
                problems = list(_problems(request, campaign, review))
                if not problems:
                    return _released(request, campaign, review)
        except WindowError as refusal:
            problems = list(refusal.messages)
            campaign = find_campaign(pk)
    review = review_of(campaign, now=now)
    standing = standing_of(campaign)
    return render(
        request,
        "release.html",
        title=_("Review and schedule"),
        campaign=campaign,
        review=review,
        proposal=review.proposal,
        standing=standing,
        may_schedule=not review.stops and not standing.is_missing,
        problems=problems,
        ticked=request.POST.getlist("ticked"),
        known=request.POST.getlist("known"),
        was_asked=request.method == "POST",
        seen=seen_of(campaign.window),
    )


def _held(pk: int) -> Campaign:
    rows = Campaign.objects.select_related("window", "playbook", "owner").select_for_update(of=("self",))
    return get_object_or_404(rows, window_id=pk)


def _problems(request: HttpRequest, campaign: Campaign, review: Review) -> Any:
    """Why it is not scheduled yet, as the planner is told; the page below shows everything as it stands now."""
    if problem := conflict(campaign.window, request.POST.get("seen", ""), reader=planner(request)):
        yield problem
    elif request.POST.get("shown") != review.mark:
        yield _changed_words(request.POST.get("messages", ""), review.messages)
    if review.stops:
        yield _("What is marked “Stop” has to be mended first.")
    if left := review.unticked(request.POST.getlist("ticked")):
        words = ngettext("%(n)s warning has not been ticked.", "%(n)s warnings have not been ticked.", len(left))
        yield words % {"n": len(left)}


def _changed_words(shown: str, number: int) -> str:
    if not shown.isdecimal() or int(shown) == number:
        return _("The plan has changed since you opened this page. Look at it as it stands now, then decide again.")
    return _(
        "The numbers have changed since you opened this page: %(before)s messages then, %(now)s now. Look at it again, then decide."
    ) % {"before": _number(int(shown)), "now": _number(number)}


def _released(request: HttpRequest, campaign: Campaign, review: Review) -> HttpResponse:
    ticked = [{"code": finding.code, "sentence": finding.sentence} for finding in review.warnings]
    services.release(campaign, actor=planner(request), now=review.now, messages=review.messages, ticked=ticked)
    words = ngettext(
        "It is scheduled: %(n)s message leaves by itself from here on.",
        "It is scheduled: %(n)s messages leave by themselves from here on.",
        review.messages,
    )
    messages.success(request, words % {"n": _number(review.messages)})
    return redirect("admin:windows_maintenancewindow_change", campaign.window_id)


def _number(number: int) -> str:
    return str(number_format(number, force_grouping=True))


def left_out_page(request: HttpRequest, pk: int, segment_id: int, channel_id: int) -> HttpResponse:
    """Whom the messages to a segment by a channel do not reach, by name and reason: the very query that counts and sends."""
    require(request, "view")
    if not planner(request).has_perm("audiences.view_contact"):
        raise Http404
    campaign, segment = find_campaign(pk), get_object_or_404(Segment, pk=segment_id)
    channel = get_object_or_404(Channel, pk=channel_id)
    try:
        people = left_out(segment, channel, is_mandatory="mandatory" in request.GET)
    except RuleError:
        raise Http404 from None
    page = Paginator(people, PER_PAGE).get_page(request.GET.get("page"))
    for person in page:
        person.why = REASONS[person.reason]
    title = _("Left out of “%(segment)s” by “%(channel)s”") % {"segment": segment, "channel": channel}
    return render(request, "left_out.html", title=title, campaign=campaign, segment=segment, channel=channel, page=page)
