"""The matrix of a plan: what is ticked is shown with all that follows from it before anything is saved.

One page for a campaign and for a playbook. It works as a form of checkboxes; the script asks for its fragment (`_look`).
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.accounts.models import AuditEvent, User
from apps.audiences.models import Segment
from apps.channels.models import Channel
from apps.windows.models import MaintenanceWindow, WindowStatus
from apps.windows.services import WindowError

from ..approval.voiding import voiding_words
from ..consequences import Consequences, consequences
from ..forms.matrix import Posted, read_posted
from ..forms.moments import PREFIX, Choices, MomentForm, held_moments, kinds_of, likeliest_of
from ..forms.verbs import seen_of
from ..matrix.adding import free_key, taken_keys
from ..matrix.counting import keep_counts, kept_counts
from ..matrix.playbooks import change_steps
from ..matrix.reading import campaign_matrix, playbook_matrix
from ..matrix.table import Matrix
from ..matrix.writing import change_cells
from ..models import Campaign, Playbook
from ..planner import PlanStep
from ..plans import plan_steps
from ..reach import Counts
from ..stillness import await_stillness
from .pages import changed_words, find_campaign, last_change, planner, require


def campaign_plan_page(request: HttpRequest, pk: int) -> HttpResponse:
    require(request, "change")
    campaign = find_campaign(pk)
    if campaign.window.status == WindowStatus.CANCELLED:
        messages.warning(request, _("The window was cancelled: nothing of its plan leaves any more."))
        return redirect("admin:windows_maintenancewindow_change", pk)
    return _Page(request=request, subject=_OfCampaign(campaign=campaign, reader=planner(request), now=timezone.now())).answer()


def playbook_plan_page(request: HttpRequest, pk: int) -> HttpResponse:
    if not planner(request).has_perm("campaigns.change_playbook"):
        raise PermissionDenied
    playbook = get_object_or_404(Playbook, pk=pk)
    return _Page(request=request, subject=_OfPlaybook(playbook=playbook, reader=planner(request), now=timezone.now())).answer()


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What the page says of the plan as it would be; `voids`: whose approval saving takes away."""

    matrix: Matrix
    foreseen: Consequences | None = None
    voids: str = ""


@dataclass(kw_only=True)
class _Subject(ABC):
    """Whose matrix it is."""

    reader: User
    now: datetime

    @property
    @abstractmethod
    def moments(self) -> set[str]: ...

    @property
    def kinds(self) -> Choices:
        """What a moment that is added can say; nothing where none can be added."""
        return ()

    @property
    def likeliest(self) -> str:
        """Which of `kinds` is proposed."""
        return ""

    @property
    def taken(self) -> set[str]:
        """The keys that no moment that is added may have."""
        return self.moments

    @property
    @abstractmethod
    def mark(self) -> str:
        """Of the plan as it stands; another one means that somebody was quicker."""

    @abstractmethod
    def last_change(self) -> AuditEvent | None: ...

    @abstractmethod
    def look(self, posted: Posted | None, counted: Counts) -> Shown: ...

    @abstractmethod
    def hold(self) -> None:
        """Keeps others from changing it until the transaction ends, and reads it anew."""

    @abstractmethod
    def save(self, posted: Posted) -> int: ...

    @property
    @abstractmethod
    def frame(self) -> dict[str, Any]:
        """What its page says of it."""


@dataclass(kw_only=True)
class _OfCampaign(_Subject):
    campaign: Campaign

    @cached_property
    def steps(self) -> list[PlanStep]:
        return plan_steps(self.campaign.playbook, self.campaign.window)

    @property
    def moments(self) -> set[str]:
        return {step.key for step in self.steps}

    @cached_property
    def kinds(self) -> Choices:
        return kinds_of(self.steps)

    @property
    def likeliest(self) -> str:
        return likeliest_of(self.steps)

    @cached_property
    def taken(self) -> set[str]:
        return taken_keys(self.campaign) | self.moments

    @property
    def mark(self) -> str:
        return f"{seen_of(self.campaign.window)}/{self.campaign.playbook.updated_at.isoformat()}"

    def last_change(self) -> AuditEvent | None:
        return last_change(self.campaign.window, self.campaign, self.campaign.playbook)

    def look(self, posted: Posted | None, counted: Counts) -> Shown:
        look = campaign_matrix(
            self.campaign,
            wishes=posted.wishes if posted else None,
            moments=posted.moments if posted else None,
            further=posted.columns if posted else (),
            counted=counted,
            actor=self.reader,
            now=self.now,
        )
        if not look.matrix.differs:
            return Shown(matrix=look.matrix)
        changes = look.changes
        return Shown(
            matrix=look.matrix,
            foreseen=consequences(self.campaign, changes, counted=counted, now=self.now) if changes else None,
            voids=voiding_words(self.campaign, look.asked, zone=self.reader.time_zone),
        )

    def hold(self) -> None:
        rows = Campaign.objects.select_related("window", "playbook", "owner")
        self.campaign = rows.select_for_update(of=("self",)).get(pk=self.campaign.pk)
        for known in ("steps", "kinds", "taken"):
            self.__dict__.pop(known, None)

    def save(self, posted: Posted) -> int:
        return change_cells(self.campaign, posted.wishes, posted.moments, actor=self.reader, now=self.now)

    @property
    def frame(self) -> dict[str, Any]:
        window = self.campaign.window
        back = reverse("admin:windows_maintenancewindow_change", args=[window.pk])
        return {
            "opts": MaintenanceWindow._meta,
            "title": _("Edit the plan"),
            "campaign": self.campaign,
            "window": window,
            "playbook": self.campaign.playbook,
            "back": back,
            "trail": [
                (reverse("admin:windows_maintenancewindow_changelist"), MaintenanceWindow._meta.verbose_name_plural),
                (back, window.title),
            ],
        }


@dataclass(kw_only=True)
class _OfPlaybook(_Subject):
    playbook: Playbook

    @property
    def moments(self) -> set[str]:
        return set(self.playbook.steps.values_list("key", flat=True))

    @property
    def mark(self) -> str:
        return self.playbook.updated_at.isoformat()

    def last_change(self) -> AuditEvent | None:
        return last_change(self.playbook)

    def look(self, posted: Posted | None, counted: Counts) -> Shown:
        wishes, further = (posted.wishes, posted.columns) if posted else (None, [])
        return Shown(matrix=playbook_matrix(self.playbook, wishes=wishes, further=further, counted=counted, now=self.now))

    def hold(self) -> None:
        self.playbook = Playbook.objects.select_for_update().get(pk=self.playbook.pk)

    def save(self, posted: Posted) -> int:
        return change_steps(self.playbook, posted.wishes, actor=self.reader, now=self.now)

    @property
    def frame(self) -> dict[str, Any]:
        back = reverse("admin:campaigns_playbook_change", args=[self.playbook.pk])
        return {
            "opts": Playbook._meta,
            "title": _("The playbook as a matrix"),
            "playbook": self.playbook,
            "back": back,
            "trail": [
                (reverse("admin:campaigns_playbook_changelist"), Playbook._meta.verbose_name_plural),
                (back, self.playbook.name),
            ],
        }


@dataclass
class _Page:
    request: HttpRequest
    subject: _Subject

    def answer(self) -> HttpResponse:
        if self.request.method != "POST":
            return self.page(None, "")
        posted, data = self.posted(), self.request.POST
        if "_add_moment" in data:
            return self.with_moment(posted)
        if "_remove" in data:
            return self.page(posted.without_moment(data["_remove"]), "")
        if "_look" in data:
            return self.fragment(posted)
        if any(name in data for name in ("_preview", "_add", "_owner")):
            return self.page(posted, "")
        return self.saved(posted)

    def with_moment(self, posted: Posted) -> HttpResponse:
        """The page with the moment that is added, or with what is wrong about it; the script asks for its part alone."""
        form = MomentForm(self.request.POST, kinds=self.subject.kinds, prefix=PREFIX)
        if form.is_valid():
            taken = self.subject.taken | {one.moment.key for one in posted.added}
            posted = posted.with_moment(form.posted(free_key(form.name(), taken)))
        if "_look" not in self.request.POST:
            return self.page(posted, "", None if form.is_valid() else form)
        if form.is_valid():
            return self.fragment(posted)
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
        held = data.getlist("own")
        added = held_moments(held, kinds=subject.kinds, taken=subject.taken) if held else []
        return read_posted(data, moments=subject.moments, people=_people(), added=added)

    def page(self, posted: Posted | None, problem: str, moment_form: MomentForm | None = None) -> HttpResponse:
        context = self.context(posted, problem) | {
            "segments": Segment.objects.active().order_by("name").only("name"),
            "channels": Channel.objects.active().order_by("name"),
        }
        if kinds := self.subject.kinds:
            likeliest = self.subject.likeliest
            context["moment_form"] = moment_form or MomentForm(None, kinds=kinds, likeliest=likeliest, prefix=PREFIX)
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
            "removed": posted.removed if posted else (),
        }


def _people() -> dict[int, User]:
    """Who can be an owner."""
    return {person.pk: person for person in User.objects.filter(is_staff=True, is_active=True).order_by("username")}
