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
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.accounts.models import AuditEvent, User
from apps.audiences.models import Segment
from apps.channels.models import Channel
from apps.windows.models import MaintenanceWindow, WindowStatus
from apps.windows.services import WindowError

from ..consequences import Consequences, consequences
from ..forms.matrix import Posted, read_posted
from ..forms.verbs import seen_of
from ..matrix.cells import Wishes
from ..matrix.counting import keep_counts, kept_counts
from ..matrix.playbooks import change_steps
from ..matrix.reading import Matrix, campaign_matrix, playbook_matrix
from ..matrix.writing import change_cells
from ..models import Campaign, Playbook
from ..reach import ColumnKey, Counts
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


@dataclass(kw_only=True)
class _Subject(ABC):
    """Whose matrix it is."""

    reader: User
    now: datetime

    @property
    @abstractmethod
    def moments(self) -> set[str]: ...

    @property
    @abstractmethod
    def mark(self) -> str:
        """Of the plan as it stands; another one means that somebody was quicker."""

    @abstractmethod
    def last_change(self) -> AuditEvent | None: ...

    @abstractmethod
    def look(self, wishes: Wishes | None, columns: list[ColumnKey], counted: Counts) -> tuple[Matrix, Consequences | None]: ...

    @abstractmethod
    def hold(self) -> None:
        """Keeps others from changing it until the transaction ends, and reads it anew."""

    @abstractmethod
    def save(self, wishes: Wishes) -> int: ...

    @property
    @abstractmethod
    def frame(self) -> dict[str, Any]:
        """What its page says of it."""


@dataclass(kw_only=True)
class _OfCampaign(_Subject):
    campaign: Campaign

    @property
    def moments(self) -> set[str]:
        return set(self.campaign.playbook.steps.values_list("key", flat=True))

    @property
    def mark(self) -> str:
        return f"{seen_of(self.campaign.window)}/{self.campaign.playbook.updated_at.isoformat()}"

    def last_change(self) -> AuditEvent | None:
        return last_change(self.campaign.window, self.campaign, self.campaign.playbook)

    def look(self, wishes: Wishes | None, columns: list[ColumnKey], counted: Counts) -> tuple[Matrix, Consequences | None]:
        matrix, changes = campaign_matrix(
            self.campaign, wishes=wishes, further=columns, counted=counted, actor=self.reader, now=self.now
        )
        if not (matrix.changed and changes):
            return matrix, None
        return matrix, consequences(self.campaign, changes, counted=counted, now=self.now)

    def hold(self) -> None:
        rows = Campaign.objects.select_related("window", "playbook", "owner")
        self.campaign = rows.select_for_update(of=("self",)).get(pk=self.campaign.pk)

    def save(self, wishes: Wishes) -> int:
        return change_cells(self.campaign, wishes, actor=self.reader, now=self.now)

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

    def look(self, wishes: Wishes | None, columns: list[ColumnKey], counted: Counts) -> tuple[Matrix, Consequences | None]:
        return playbook_matrix(self.playbook, wishes=wishes, further=columns, counted=counted, now=self.now), None

    def hold(self) -> None:
        self.playbook = Playbook.objects.select_for_update().get(pk=self.playbook.pk)

    def save(self, wishes: Wishes) -> int:
        return change_steps(self.playbook, wishes, actor=self.reader, now=self.now)

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
        if "_look" in data:
            return TemplateResponse(self.request, "admin/campaigns/matrix.html", self.context(posted, ""))
        if any(name in data for name in ("_preview", "_add", "_owner")):
            return self.page(posted, "")
        return self.saved(posted)

    def saved(self, posted: Posted) -> HttpResponse:
        changed = 0
        try:
            with transaction.atomic():
                self.subject.hold()
                problem = ""
                if self.request.POST.get("seen", "") != self.subject.mark:
                    problem = changed_words(self.subject.last_change(), reader=self.subject.reader)
                else:
                    changed = self.subject.save(posted.wishes)
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
        return read_posted(self.request.POST, moments=self.subject.moments, people=_people())

    def page(self, posted: Posted | None, problem: str) -> HttpResponse:
        frame = admin.site.each_context(self.request) | self.subject.frame | {"is_nav_page": True}
        context = (
            frame
            | self.context(posted, problem)
            | {
                "segments": Segment.objects.active().order_by("name").only("name"),
                "channels": Channel.objects.active().order_by("name"),
            }
        )
        return TemplateResponse(self.request, "admin/campaigns/matrix_page.html", context)

    def context(self, posted: Posted | None, problem: str) -> dict[str, Any]:
        wishes, columns = (posted.wishes, posted.columns) if posted else (None, [])
        counted = kept_counts(self.request.POST.get("counts", "")) if "_look" in self.request.POST else {}
        matrix, foreseen = self.subject.look(wishes, columns, counted)
        return {
            "matrix": matrix,
            "foreseen": foreseen,
            "problem": problem,
            "seen": self.subject.mark,
            "counts": keep_counts(matrix.columns),
            "people": _people().values(),
            "is_playbook": "campaign" not in self.subject.frame,
        }


def _people() -> dict[int, User]:
    """Who can be an owner."""
    return {person.pk: person for person in User.objects.filter(is_staff=True, is_active=True).order_by("username")}
