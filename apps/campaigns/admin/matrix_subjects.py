"""Whose plan the matrix shows: what a campaign and a playbook each know, look like and save."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from apps.accounts.models import AuditEvent, User
from apps.windows.models import MaintenanceWindow

from ..approval.voiding import voiding_words
from ..consequences import Consequences, consequences
from ..forms.matrix import Posted
from ..forms.moments import Choices, kinds_of, likeliest_of
from ..forms.verbs import seen_of
from ..matrix.adding import taken_keys
from ..matrix.playbooks import change_steps
from ..matrix.reading import campaign_matrix, playbook_matrix
from ..matrix.table import Matrix
from ..matrix.writing import change_cells
from ..models import Campaign, Playbook
from ..planner import PlanStep
from ..plans import plan_steps
from ..reach import Counts
from .pages import last_change


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What the page says of the plan as it would be; `voids`: whose approval saving takes away."""

    matrix: Matrix
    foreseen: Consequences | None = None
    voids: str = ""


@dataclass(kw_only=True)
class Subject(ABC):
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
    def own(self) -> Mapping[str, Sequence[PlanStep]]:
        """The saved moments that can be edited here, by key."""
        return {}

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
class OfCampaign(Subject):
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
    def own(self) -> Mapping[str, Sequence[PlanStep]]:
        found: dict[str, list[PlanStep]] = {}
        for step in self.steps:
            if step.is_own:
                found.setdefault(step.key, []).append(step)
        return found

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
        for known in ("steps", "kinds", "own", "taken"):
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
class OfPlaybook(Subject):
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
