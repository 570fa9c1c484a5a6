"""A moment of one campaign as a planner adds or edits it: how long before or after what, what it says, how urgent, its name."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import QueryDict
from django.utils.text import slugify
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from apps.common.times import format_offset

from ..matrix.moments import NewMoment
from ..matrix.painting import row_words
from ..models import OWN_KEY, Anchor, MessageTemplate, Urgency
from ..planner import PlanStep
from ..touchpoints import CORRECTION_CONTENT
from .durations import Offset
from .fields import OffsetField

KEY = re.compile(rf"{OWN_KEY}[-\w]{{1,{40 - len(OWN_KEY)}}}", re.ASCII)
PREFIX = "moment"
FIELDS = ("distance", "when", "says", "urgency", "label")
LIKE, TEXT = "like", "text"
# Where it is tied to, and on which side of it.
WHEN: Mapping[str, tuple[str, int]] = {
    "before_start": (Anchor.START, -1),
    "after_start": (Anchor.START, 1),
    "before_end": (Anchor.END, -1),
    "after_end": (Anchor.END, 1),
    "after_completion": (Anchor.ACTUAL_END, 1),
}
Choices = Sequence[tuple[Any, Any]]


class MomentForm(forms.Form):
    """`key`: that of the moment that is edited; nothing where one is added."""

    key = forms.CharField(required=False, widget=forms.HiddenInput)
    distance = OffsetField(
        label=gettext_lazy("How long"),
        required=True,
        help_text=gettext_lazy("For example 3 d, 2 h or 90 min. Days keep the wall clock."),
        error_messages={"required": gettext_lazy("Say how long before or after, for example 3 d or 90 min.")},
    )
    when = forms.ChoiceField(
        label=gettext_lazy("Before or after"),
        choices=(
            ("before_start", gettext_lazy("before the start")),
            ("after_start", gettext_lazy("after the start")),
            ("before_end", gettext_lazy("before the planned end")),
            ("after_end", gettext_lazy("after the planned end")),
            ("after_completion", gettext_lazy("after the confirmed completion")),
        ),
    )
    says = forms.ChoiceField(
        label=gettext_lazy("Says the same as"),
        help_text=gettext_lazy("It begins with the people and the texts of that moment; each cell can be switched."),
    )
    urgency = forms.ChoiceField(
        label=gettext_lazy("Urgency"),
        required=False,
        choices=(("", gettext_lazy("As what it says")), *Urgency.choices),
        help_text=gettext_lazy("Urgent messages go first, whatever the hour, and may have texts of their own."),
    )
    label = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=60,
        required=False,
        help_text=gettext_lazy("For planners, for example “Crew call”."),
    )

    def __init__(self, *args: Any, kinds: Choices, likeliest: str = "", is_saved: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["says"].choices = [("", _("what it says now")), *kinds] if is_saved else kinds  # type: ignore[attr-defined]
        self.fields["says"].required = not is_saved
        self.fields["says"].initial = likeliest
        if is_saved:
            self.fields["says"].help_text = _("Its people stay as they are; each cell can be switched.")
            self.fields["urgency"].choices = Urgency.choices  # type: ignore[attr-defined]
            self.fields["urgency"].required = True

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        offset, when = data.get("distance"), data.get("when")
        if offset is not None and when and not self._fits(offset, when):
            self.add_error("distance", _("Write it without a sign: whether it is before or after stands beside it."))
        return data

    def _fits(self, offset: Offset, when: str) -> bool:
        """“−3 d before the start” is understood; what goes both ways at once is not."""
        parts = [timedelta(days=offset.days), offset.time]
        is_before = WHEN[when][1] < 0
        return all(part >= timedelta(0) for part in parts) or (is_before and all(part <= timedelta(0) for part in parts))

    def moment(self, key: str) -> NewMoment:
        """Of a valid form."""
        offset, (anchor, sign) = self.cleaned_data["distance"], WHEN[self.cleaned_data["when"]]
        kind, _colon, name = self.cleaned_data["says"].partition(":")
        return NewMoment(
            key=key,
            anchor=anchor,
            offset_days=sign * abs(offset.days),
            offset=sign * abs(offset.time),
            like=name if kind == LIKE else "",
            content_key=name if kind == TEXT else "",
            label=self.cleaned_data["label"],
            urgency=self.cleaned_data["urgency"],
        )

    def name(self) -> str:
        """For its key."""
        label = slugify(self.cleaned_data["label"])
        return label or slugify(f"{self.data[self.add_prefix('distance')]}-{self.cleaned_data['when']}".replace("_", "-"))

    def posted(self, key: str) -> "PostedMoment":
        fields = {name: str(self.data.get(self.add_prefix(name), "")) for name in FIELDS}
        return PostedMoment(value=urlencode({"key": key, **fields}), moment=self.moment(key))


@dataclass(frozen=True, kw_only=True)
class PostedMoment:
    """`value`: as the page holds it until it is saved."""

    value: str
    moment: NewMoment


def held_moments(values: Sequence[str], *, kinds: Choices, taken: Collection[str]) -> list[PostedMoment]:
    """Those that the page holds; what could not have been added is passed over."""
    return _held(values, lambda key: key not in taken, kinds=kinds)


def held_edits(values: Sequence[str], *, kinds: Choices, own: Collection[str]) -> list[PostedMoment]:
    """What the page holds of saved moments, whose keys are `own`; what could not have been edited is passed over."""
    return _held(values, lambda key: key in own, kinds=kinds, is_saved=True)


def _held(values: Sequence[str], is_possible: Callable[[str], bool], **form_says: Any) -> list[PostedMoment]:
    found: dict[str, PostedMoment] = {}
    for value in values:
        data = QueryDict(value[:1000])
        key, form = data.get("key", ""), MomentForm(data, **form_says)
        if KEY.fullmatch(key) and is_possible(key) and form.is_valid():
            found[key] = form.posted(key)
    return list(found.values())


def first_values(steps: Sequence[PlanStep]) -> dict[str, Any]:
    """A saved moment, of which these are the steps, as the form asks for it; urgent only where all of it is."""
    first = steps[0]
    is_before = timedelta(days=first.offset_days) + first.offset < timedelta(0)
    when = next((name for name, (anchor, sign) in WHEN.items() if anchor == first.anchor and (sign < 0) == is_before), "")
    return {
        "key": first.key,
        "distance": format_offset(abs(first.offset_days), abs(first.offset), language=get_language() or "en").lstrip("+"),
        "when": when,
        "says": "",
        "urgency": Urgency.URGENT if all(step.urgency == Urgency.URGENT for step in steps) else Urgency.ROUTINE,
        "label": first.label,
    }


def likeliest_of(steps: Sequence[PlanStep]) -> str:
    """What a further moment says as a rule: the last reminder but one, for the last says that it is about to begin."""
    reminders = sorted((step for step in steps if step.is_reminder), key=lambda step: (step.offset_days, step.offset))
    keys = list(dict.fromkeys(step.key for step in reminders))
    return f"{LIKE}:{keys[-2:][0]}" if keys else ""


def kinds_of(steps: Sequence[PlanStep]) -> Choices:
    """The moments of the plan, in words, then every other text there is. One query."""
    words = {step.key: " ".join(filter(None, row_words(step))) for step in steps}
    used = {step.content_key for step in steps} | {*CORRECTION_CONTENT.values()}
    texts = MessageTemplate.objects.active().exclude(content_key__in=used).order_by("content_key")
    further = [(f"{TEXT}:{key}", key) for key in texts.values_list("content_key", flat=True).distinct()]
    groups = [(_("Moments of this plan"), [(f"{LIKE}:{key}", name) for key, name in words.items()])]
    return groups + ([(_("Other texts"), further)] if further else [])


def without_kind(kinds: Choices, key: str) -> Choices:
    """A moment does not say what it says itself."""
    return [(group, [choice for choice in choices if choice[0] != f"{LIKE}:{key}"]) for group, choices in kinds]
