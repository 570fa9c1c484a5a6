"""Hurries what the sweep would find within seconds: an edit of what was approved holds back its campaigns at once."""

from typing import Any

from django.db.models.signals import post_delete, post_save
from django.utils import timezone

from apps.audiences.models import Segment
from apps.windows.models import MaintenanceWindow, WindowTranslation

from .approval.holding import hold_back_edited
from .models import HandMadeCell, MessageTemplate, Playbook, Step, TouchpointText

EDITED = (MessageTemplate, Playbook, Step, HandMadeCell, TouchpointText, Segment, MaintenanceWindow, WindowTranslation)


def note_edit(sender: Any, *, raw: bool = False, created: bool = False, **_: Any) -> None:
    if not raw:
        hold_back_edited(timezone.now())


def connect() -> None:
    for model in EDITED:
        for signal in (post_save, post_delete):
            signal.connect(note_edit, sender=model, dispatch_uid=f"campaigns.note_edit.{signal is post_save}.{model.__name__}")
