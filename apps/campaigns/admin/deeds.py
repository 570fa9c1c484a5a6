"""The pages behind a campaign's buttons: each states its consequences first, and does its one thing on a POST."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.windows.services import WindowError

from ..checks.typed import typed_advice
from ..consequences import Consequences, consequences
from ..early_starts import EarlyStart, early_start
from ..forms.periods import moved_to
from ..forms.verbs import ExtendForm, RescheduleForm, VerbForm, seen_of
from ..free_times import free_times
from ..models import Campaign
from ..readers import readers_of
from ..stillness import await_stillness
from .drafting import ASKS_FOR_FREE_TIMES, PICKS_FREE_TIME
from .pages import conflict, find_campaign, planner, render, require
from .verbs import VERBS, Verb, verb_for

LOOKING = {"_show", ASKS_FOR_FREE_TIMES, PICKS_FREE_TIME}  # buttons that only show something


def deed(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """GET asks, POST does; a POST that only wants the consequences (`_look`) writes nothing."""
    require(request, "change")
    campaign, now = find_campaign(pk), timezone.now()
    if verb not in VERBS:
        raise Http404(verb)
    page = _Page(request=request, campaign=campaign, verb=verb_for(campaign, verb, now=now), now=now)
    if campaign.window.status not in page.verb.from_status:
        messages.warning(request, page.refusal())
        return redirect("admin:windows_maintenancewindow_change", pk)
    return page.answer()


def _asked_minutes(request: HttpRequest) -> timedelta | None:
    """By how much the link that led here proposes to extend."""
    asked = request.GET.get("by", "")
    return timedelta(minutes=int(asked)) if asked.isascii() and asked.isdecimal() and len(asked) <= 4 else None


@dataclass
class _Page:
    request: HttpRequest
    campaign: Campaign
    verb: Verb
    now: datetime

    def answer(self) -> HttpResponse:
        form = self.form()
        if self.request.method == "POST" and "_look" in self.request.POST:
            return self.fragment(form)
        if self.request.method == "POST" and LOOKING & self.request.POST.keys():
            form.is_valid()
            form.errors.pop("reason", None)  # it is not asked for before the deed itself
        elif self.request.method == "POST" and form.is_valid() and self.done(form):
            messages.success(self.request, str(self.verb.done))
            if unanswered := await_stillness(self.campaign).sentence:
                messages.warning(self.request, unanswered)
            return redirect("admin:windows_maintenancewindow_change", self.campaign.window_id)
        return self.page(form)

    def refusal(self) -> str:
        return _("“%(verb)s” is not possible while the window is at “%(status)s”.") % {
            "verb": self.verb.label,
            "status": self.campaign.window.get_status_display(),
        }

    def form(self) -> VerbForm:
        further: dict[str, Any] = {"by": _asked_minutes(self.request)} if issubclass(self.verb.form, ExtendForm) else {}
        typed, picked = self.request.POST or None, self.request.POST.get(PICKS_FREE_TIME, "")
        return self.verb.form(
            moved_to(self.request.POST, picked) if picked else typed, window=self.campaign.window, now=self.now, **further
        )

    def proposed(self, form: VerbForm) -> VerbForm:
        """The form as if what it proposes had been typed."""
        data = {name: form[name].value() for name in form.fields}
        return self.verb.form(
            {name: value for name, value in data.items() if value is not None}, window=form.window, now=self.now
        )

    def foreseen(self, form: VerbForm) -> Consequences | None:
        """What would follow of the times in the form; of those proposed, before anything is typed."""
        form = form if form.is_bound else self.proposed(form)
        form.is_valid()
        if not form.is_foreseeable:
            return None
        return consequences(self.campaign, self.verb.foresee(self.campaign, form, self.now), now=self.now)

    def done(self, form: VerbForm) -> bool:
        """Carries it out, unless somebody else was quicker; then the form says who."""
        try:
            with transaction.atomic():
                current = Campaign.objects.select_for_update().select_related("window").get(pk=self.campaign.pk)
                problem = conflict(current.window, form.cleaned_data["seen"], reader=planner(self.request))
                if not problem:
                    self.verb.run(current, form, planner(self.request), self.now)
        except WindowError as refusal:
            form.add_error(None, refusal)
            return False
        if problem:
            form.add_error(None, problem)
        return not problem

    def free_times(self, form: VerbForm) -> dict[str, Any]:
        """When the window could be instead, where that was asked, be it by the link that led here."""
        asked = self.request.POST if self.request.method == "POST" else self.request.GET
        if ASKS_FOR_FREE_TIMES not in asked or not isinstance(form, RescheduleForm):
            return {}
        timed = form if form.is_bound else cast(RescheduleForm, self.proposed(form))
        timed.is_valid()
        wish, planned = timed.wish(self.campaign), self.campaign.window.starts_at
        found = free_times(wish, now=self.now) if wish else []
        return {"free_times": [time for time in found if time.starts_at != planned], "is_dated": wish is not None}

    def advice(self) -> list[str]:
        """What recipients should not read of what was typed for them."""
        if not self.request.POST or not self.verb.form.said:
            return []
        return list(typed_advice(self.campaign.window, self.request.POST.dict(), readers=readers_of(self.campaign)))

    def early(self) -> EarlyStart | None:
        return early_start(self.campaign, now=self.now) if self.verb.name == "start" else None

    def fragment(self, form: VerbForm) -> HttpResponse:
        context = {
            "campaign": self.campaign,
            "window": self.campaign.window,
            "verb": self.verb,
            "foreseen": self.foreseen(form),
            "advice": self.advice(),
        }
        return TemplateResponse(self.request, "admin/campaigns/consequences.html", context)

    def page(self, form: VerbForm) -> HttpResponse:
        campaign = find_campaign(self.campaign.window_id)  # as it stands now, should somebody else have changed it
        return render(
            self.request,
            "deed.html",
            title=str(self.verb.title),
            campaign=campaign,
            form=form,
            trailing_fields=form.trailing,
            verb=self.verb,
            seen=seen_of(campaign.window),
            foreseen=self.foreseen(form),
            advice=self.advice(),
            early=self.early(),
            **self.free_times(form),
        )
