"""The page of one notice: what the provider says, what became of it, and what a planner can decide."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone, translation
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from apps.campaigns.admin.pages import planner
from apps.campaigns.admin.verbs import VERBS
from apps.campaigns.checks.typed import field_in
from apps.campaigns.consequences import Consequences, consequences
from apps.campaigns.foresight import foresee_cancellation, foresee_move
from apps.campaigns.models import Campaign
from apps.campaigns.stillness import await_stillness
from apps.common.times import format_instant, format_period
from apps.windows.models import UNDER_WAY_STATUSES, MaintenanceWindow, WindowStatus
from apps.windows.services import WindowError

from .. import drafting, services
from ..effects import Outcome
from ..forms import ObjectsForm, ReasonForm
from ..models import NoticeState, UpstreamNotice
from ..sentences import outcome_sentence, remark_sentences

STYLES = {
    NoticeState.RECEIVED: "warn",
    NoticeState.DRAFTED: "info",
    NoticeState.PROPOSED: "warn",
    NoticeState.SETTLED: "ok",
    NoticeState.SET_ASIDE: "idle",
}


def notice_page(request: HttpRequest, notice: UpstreamNotice) -> HttpResponse:
    require(request, "view")
    page = _Page(request, notice)
    if request.method == "POST":
        require(request, "change")
        if answer := page.act():
            return answer
    return page.show()


def require(request: HttpRequest, permission: str) -> None:
    """Who may see windows may see what could become one; to decide asks for the right to change windows as well."""
    user = planner(request)
    if not user.has_perm(f"upstream.{permission}_upstreamnotice"):
        raise PermissionDenied
    if permission != "view" and not user.has_perm("windows.change_maintenancewindow"):
        raise PermissionDenied


class _Page:
    def __init__(self, request: HttpRequest, notice: UpstreamNotice) -> None:
        self.request, self.notice, self.now = request, notice, timezone.now()
        self.window = notice.window
        self.campaign = drafting.campaign_of(self.window) if self.window else None
        posted = request.POST if request.method == "POST" else None
        object_data = posted if posted is not None and "_services" in posted else None
        self.objects = ObjectsForm(object_data, provider_key=notice.provider_key, object_ids=notice.object_ids)
        is_reason = posted is not None and "_apply" in posted
        self.reason = ReasonForm(posted if is_reason else None, window=self.window, initial=self.proposed_reasons())

    def act(self) -> HttpResponse | None:
        """What the button says; None where the page has to be shown again, with the reason."""
        if self.request.POST.get("seen") != services.seen_of(self.notice):
            messages.warning(
                self.request, _("It has changed since you opened this page. Look at it as it stands now, then decide again.")
            )
            return self.back()
        deeds = {
            "_services": self.choose,
            "_apply": self.apply,
            "_leave": self.leave,
            "_aside": self.set_aside,
            "_take_up": self.take_up,
        }
        for name, deed in deeds.items():
            if name in self.request.POST:
                try:
                    return self.back() if deed() else None
                except WindowError as refusal:
                    messages.error(self.request, " ".join(refusal.messages))
                    return self.back()
        return self.back()

    def choose(self) -> bool:
        if not self.objects.is_valid():
            return False
        chosen = self.objects.chosen
        services.choose_services(self.notice.provider_key, chosen, notice=self.notice, actor=planner(self.request), now=self.now)
        messages.success(self.request, _("It is remembered for all notices of this provider."))
        return True

    def apply(self) -> bool:
        if not self.reason.is_valid():
            return False
        reason = self.reason.cleaned_data["reason"]
        said: dict[str, Any] = {"reason": reason, "translations": self.reason.translations}
        services.apply_proposal(self.notice, **said, actor=planner(self.request), now=self.now)
        messages.success(self.request, _("The window says what the provider says; those who were told are corrected."))
        if self.campaign and (unanswered := await_stillness(self.campaign).sentence):
            messages.warning(self.request, unanswered)
        return True

    def leave(self) -> bool:
        services.leave_as_it_is(self.notice, actor=planner(self.request), now=self.now)
        messages.success(self.request, _("The window stays as it is."))
        return True

    def set_aside(self) -> bool:
        services.set_aside(self.notice, actor=planner(self.request), now=self.now)
        messages.success(self.request, _("It was set aside. Later versions of it are kept, and change nothing."))
        return True

    def take_up(self) -> bool:
        services.take_up(self.notice, actor=planner(self.request), now=self.now)
        messages.success(self.request, _("It counts again."))
        return True

    def back(self) -> HttpResponse:
        return redirect("admin:upstream_upstreamnotice_change", self.notice.pk)

    def show(self) -> HttpResponse:
        notice, window, language = self.notice, self.window, get_language() or "en"
        is_proposal = notice.state == NoticeState.PROPOSED and window is not None
        context: dict[str, Any] = {
            "title": str(notice),
            "opts": UpstreamNotice._meta,
            "notice": notice,
            "style": STYLES[NoticeState(notice.state)],
            "stands": outcome_sentence(notice),
            "remarks": remark_sentences(notice.remarks),
            "when": format_period(notice.starts_at, notice.ends_at, zone=notice.time_zone, language=language),
            "received": format_instant(notice.received_at, zone=planner(self.request).time_zone, language=language),
            "window": window,
            "window_when": self.window_times(window, language) if window else "",
            "campaign": self.campaign,
            "objects_form": self.objects if notice.object_ids else None,
            "reason_form": self.reason if is_proposal and self.can_apply() else None,
            "is_proposal": is_proposal,
            "may_change": planner(self.request).has_perm("windows.change_maintenancewindow")
            and planner(self.request).has_perm("upstream.change_upstreamnotice"),
            "may_set_aside": notice.state in (NoticeState.RECEIVED, NoticeState.DRAFTED),
            "verb": VERBS["cancel" if notice.outcome == Outcome.TO_CANCEL else "reschedule"],
            "foreseen": self.foreseen() if is_proposal and self.can_apply() else None,
            "seen": services.seen_of(notice),
        }
        frame = admin.site.each_context(self.request)
        return TemplateResponse(self.request, "admin/upstream/notice.html", frame | context)

    def window_times(self, window: MaintenanceWindow, language: str) -> str:
        return format_period(window.starts_at, window.ends_at, zone=window.time_zone, language=language)

    def can_apply(self) -> bool:
        """What is under way can be given another end, but neither another start nor be called off."""
        if self.campaign is None or self.window is None:
            return False
        if self.notice.outcome == Outcome.TO_CANCEL:
            return self.window.status == WindowStatus.SCHEDULED
        return self.notice.outcome == Outcome.TO_MOVE

    def foreseen(self) -> Consequences | None:
        if self.campaign is None:
            return None
        return consequences(self.campaign, self._changes(self.campaign, self.now), now=self.now)

    def _changes(self, campaign: Campaign, now: datetime) -> Any:
        notice, window = self.notice, campaign.window
        if notice.outcome == Outcome.TO_CANCEL:
            return foresee_cancellation(campaign)
        return foresee_move(
            campaign,
            starts_at=window.starts_at if window.status in UNDER_WAY_STATUSES else notice.starts_at,
            ends_at=notice.ends_at,
            announced_ends_at=drafting.announced_end(notice, window),
            now=now,
        )

    def proposed_reasons(self) -> dict[str, str]:
        """By field: in the language of the window, and in the others, since recipients read it."""
        own = self.window.language if self.window else get_language() or "en"
        further = {field_in("reason", language): self.proposed_reason(language) for language, _name in settings.LANGUAGES}
        return {"reason": self.proposed_reason(own), **further}

    def proposed_reason(self, language: str) -> str:
        with translation.override(language):
            if self.notice.outcome == Outcome.TO_CANCEL:
                return _("Our provider has cancelled its maintenance.")
            return _("Our provider has changed its maintenance.")
