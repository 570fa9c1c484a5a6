"""The matrix of a plan: what is ticked is shown with all that follows from it before anything is saved.

One page for a campaign and for a playbook. It works as a form of checkboxes; the script asks for its fragment (`_look`).
"""

from dataclasses import dataclass
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.accounts.models import User
from apps.audiences.models import Segment
from apps.channels.models import Channel
from apps.windows.models import WindowStatus
from apps.windows.services import WindowError

from ..forms.matrix import Posted, read_posted
from ..forms.moments import PREFIX, MomentForm, first_values, held_edits, held_moments, without_kind
from ..matrix.adding import free_key
from ..matrix.counting import keep_counts, kept_counts
from ..models import Playbook
from ..stillness import await_stillness
from .matrix_subjects import OfCampaign, OfPlaybook, Subject
from .pages import changed_words, find_campaign, planner, require


def campaign_plan_page(request: HttpRequest, pk: int) -> HttpResponse:
    require(request, "change")
    campaign = find_campaign(pk)
    if campaign.window.status == WindowStatus.CANCELLED:
        messages.warning(request, _("The window was cancelled: nothing of its plan leaves any more."))
        return redirect("admin:windows_maintenancewindow_change", pk)
    return _Page(request=request, subject=OfCampaign(campaign=campaign, reader=planner(request), now=timezone.now())).answer()


def playbook_plan_page(request: HttpRequest, pk: int) -> HttpResponse:
    if not planner(request).has_perm("campaigns.change_playbook"):
        raise PermissionDenied
    playbook = get_object_or_404(Playbook, pk=pk)
    return _Page(request=request, subject=OfPlaybook(playbook=playbook, reader=planner(request), now=timezone.now())).answer()


@dataclass
class _Page:
    request: HttpRequest
    subject: Subject

    def answer(self) -> HttpResponse:
        if self.request.method != "POST":
            return self.page(None, "")
        posted, data = self.posted(), self.request.POST
        if "_add_moment" in data:
            return self.with_moment(posted)
        if "_edit" in data:
            return self.to_edit(posted, data["_edit"])
        if "_remove" in data:
            return self.page(posted.without_moment(data["_remove"]), "")
        if "_look" in data:
            return self.fragment(posted)
        if any(name in data for name in ("_preview", "_add", "_owner")):
            return self.page(posted, "")
        return self.saved(posted)

    def with_moment(self, posted: Posted) -> HttpResponse:
        """The page with the moment as it was typed, or with what is wrong about it; the script asks for its part alone."""
        key = self.request.POST.get(f"{PREFIX}-key", "")
        form = self.moment_form(self.request.POST, key)
        if form.is_valid():
            if key in self.subject.own or posted.value_of(key):
                posted = posted.with_edit(form.posted(key))
            else:
                taken = self.subject.taken | {one.moment.key for one in posted.added}
                posted = posted.with_moment(form.posted(free_key(form.name(), taken)))
        if "_look" not in self.request.POST:
            return self.page(posted, "", None if form.is_valid() else form)
        return self.fragment(posted) if form.is_valid() else self.moment_fields(form)

    def to_edit(self, posted: Posted, key: str) -> HttpResponse:
        """The fields with the moment as it would be; nothing but the page where it cannot be edited (any more)."""
        first = QueryDict(posted.value_of(key)).dict() or (first_values(self.subject.own[key]) if key in self.subject.own else {})
        form = self.moment_form(None, key, initial=first) if first else None
        if "_look" in self.request.POST and form:
            return self.moment_fields(form)
        return self.page(posted, "", form)

    def moment_form(self, data: QueryDict | None, key: str = "", **further: Any) -> MomentForm:
        subject, is_saved = self.subject, key in self.subject.own
        kinds = without_kind(subject.kinds, key)
        return MomentForm(data, kinds=kinds, likeliest=subject.likeliest, is_saved=is_saved, prefix=PREFIX, **further)

    def moment_fields(self, form: MomentForm) -> HttpResponse:
        return TemplateResponse(self.request, "admin/campaigns/matrix_moment.html", {"moment_form": form})

    def fragment(self, posted: Posted) -> HttpResponse:
        return TemplateResponse(self.request, "admin/campaigns/matrix.html", self.context(posted, ""))

    def saved(self, posted: Posted) -> HttpResponse:
        changed = 0
        try:
            with transaction.atomic():
                self.subject.hold()
                problem = ""
                if self.request.POST.get("seen", "") != self.subject.mark:
                    problem = changed_words(self.subject.last_change(), reader=self.subject.reader)
                else:
                    changed = self.subject.save(posted)
        except WindowError as refusal:
            problem = " ".join(refusal.messages)
        if problem:
            return self.page(self.posted(), problem)
        self._say(changed)
        return redirect(self.subject.frame["back"])

    def _say(self, changed: int) -> None:
        if not changed:
            messages.info(self.request, _("Nothing was to be changed."))
            return
        words = ngettext("%(count)s cell of the plan was changed.", "%(count)s cells of the plan were changed.", changed)
        messages.success(self.request, words % {"count": changed})
        campaign = self.subject.frame.get("campaign")
        if campaign and (unanswered := await_stillness(campaign).sentence):
            messages.warning(self.request, unanswered)

    def posted(self) -> Posted:
        data, subject = self.request.POST, self.subject
        held, changed = data.getlist("own"), data.getlist("edited")
        added = held_moments(held, kinds=subject.kinds, taken=subject.taken) if held else []
        edited = held_edits(changed, kinds=subject.kinds, own=subject.own) if changed else []
        return read_posted(data, moments=subject.moments, people=_people(), added=added, edited=edited)

    def page(self, posted: Posted | None, problem: str, moment_form: MomentForm | None = None) -> HttpResponse:
        context = self.context(posted, problem) | {
            "segments": Segment.objects.active().order_by("name").only("name"),
            "channels": Channel.objects.active().order_by("name"),
        }
        if self.subject.kinds:
            context["moment_form"] = moment_form or self.moment_form(None)
            context["blank_moment"] = self.moment_form(None)
        frame = admin.site.each_context(self.request) | self.subject.frame | {"is_nav_page": True}
        return TemplateResponse(self.request, "admin/campaigns/matrix_page.html", frame | context)

    def context(self, posted: Posted | None, problem: str) -> dict[str, Any]:
        counted = kept_counts(self.request.POST.get("counts", "")) if "_look" in self.request.POST else {}
        shown = self.subject.look(posted, counted)
        return {
            "matrix": shown.matrix,
            "foreseen": shown.foreseen,
            "voids": shown.voids,
            "problem": problem,
            "seen": self.subject.mark,
            "counts": keep_counts(shown.matrix.columns),
            "people": _people().values(),
            "is_playbook": "campaign" not in self.subject.frame,
            "added": posted.added if posted else (),
            "edited": posted.edited if posted else (),
            "removed": posted.removed if posted else (),
        }


def _people() -> dict[int, User]:
    """Who can be an owner."""
    return {person.pk: person for person in User.objects.filter(is_staff=True, is_active=True).order_by("username")}
