"""Moments that are added to the plan of one campaign, edited or taken away from it, written down as steps of its own."""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from apps.channels.models import Channel
from apps.windows.services import WindowError

from ..models import OWN_KEY, Campaign, Step, Touchpoint, Urgency
from ..moments import moment_words
from ..planner import PlanStep
from .locks import have_left
from .moments import MomentWishes, edited_steps
from .names import names_of


@dataclass(frozen=True, kw_only=True)
class MomentChanges:
    """What becomes of the steps of a campaign's own moments; `edited`: each that changes, with what it was before."""

    added: Sequence[PlanStep] = ()
    edited: Sequence[tuple[PlanStep, PlanStep]] = ()
    removed: Sequence[PlanStep] = ()

    @classmethod
    def between(cls, saved: Sequence[PlanStep], wanted: Sequence[PlanStep], *, removed: Set[str]) -> "MomentChanges":
        return cls(
            added=[step for step in wanted if step.is_own and step.step_id is None],
            edited=edited_steps(saved, wanted),
            removed=[step for step in saved if step.is_own and step.key in removed],
        )

    @property
    def steps(self) -> list[PlanStep]:
        return [*self.added, *(after for _before, after in self.edited), *self.removed]

    @property
    def edited_keys(self) -> frozenset[str]:
        return frozenset(after.key for _before, after in self.edited)


def refuse_moments(changes: MomentChanges, moments: MomentWishes, touchpoints: Iterable[Touchpoint]) -> None:
    """Where one that is added says nothing to anybody, or something of one that is edited or removed has left.

    `touchpoints`: all of the campaign, held locked, so that nothing of them leaves meanwhile.
    """
    spoken = {step.key for step in changes.added}
    for moment in moments.added:
        if moment.key not in spoken:
            words = moment_words(moment.key, 0, moment.anchor, moment.offset_days, moment.offset, moment.label)
            raise WindowError(
                _("“%(moment)s” says nothing to anybody yet: switch on at least one of its cells, or take it away."),
                code="empty_moment",
                params={"moment": " ".join(filter(None, words))},
            )
    gone = have_left(touchpoints)
    untrue = [before for before, _after in changes.edited if before.key in gone]
    if untrue:
        raise WindowError(
            _(
                "“%(moment)s” can no longer be edited: something of it has left, and what was said stays said. Switch off what is "
                "still to come, and add another moment."
            ),
            code="has_left",
            params={"moment": _words(untrue[0])},
        )
    left = [step for step in changes.removed if step.key in gone]
    if left:
        raise WindowError(
            _("“%(moment)s” can no longer be taken away: something of it has left. Switch off what is still to come."),
            code="has_left",
            params={"moment": _words(left[0])},
        )


def write_moments(campaign: Campaign, changes: MomentChanges, *, now: datetime) -> None:
    written = [*changes.added, *(after for _before, after in changes.edited)]
    seconds = {str(channel): channel.pk for channel in Channel.objects.filter(name__in={step.otherwise for step in written})}
    for number, step in enumerate(changes.added):
        Step(campaign=campaign, position=number, **_cell(step), **_fields(step, seconds)).save()
    for _before, step in changes.edited:
        campaign.own_steps.filter(**_cell(step)).update(**_fields(step, seconds))
    for row in campaign.own_steps.filter(key__in={step.key for step in changes.removed}):
        row.removed_at = now
        row.save(update_fields=["removed_at"])


def _cell(step: PlanStep) -> dict[str, Any]:
    return {"key": step.key, "segment_id": step.segment_id, "channel_id": step.channel_id}


def _fields(step: PlanStep, seconds: Mapping[str, int]) -> dict[str, Any]:
    """What of a step can be another one afterwards."""
    return {
        "label": step.label,
        "anchor": step.anchor,
        "offset_days": step.offset_days,
        "offset": step.offset,
        "fallback_channel_id": seconds.get(step.otherwise),
        "content_key": step.content_key,
        "urgency": step.urgency,
        "is_mandatory": step.is_mandatory,
        "invites": step.invites,
        "attaches_maintnote": step.attaches_maintnote,
        "only_unconfirmed": step.only_unconfirmed,
        "useful_for": step.useful_for,
        "useful_until_before_start": step.useful_until_before_start,
        "when_late": step.when_late,
    }


def moment_facts(changes: MomentChanges) -> Mapping[str, list[str]]:
    """For the trail; nothing where no moment changes."""
    said = {
        "moments_added": _names(changes.added),
        "moments_edited": list(dict.fromkeys(_difference(before, after) for before, after in changes.edited)),
        "moments_removed": _names(changes.removed),
    }
    return {name: words for name, words in said.items() if words}


def _difference(before: PlanStep, after: PlanStep) -> str:
    """“−3 d before the start, reminder-7d, Routine → Crew call: −2 d before the start, reminder-7d, Urgent”."""
    return " → ".join(", ".join([_words(step), step.content_key, str(Urgency(step.urgency).label)]) for step in (before, after))


def _names(steps: Sequence[PlanStep]) -> list[str]:
    """“−3 d before the start · Customers · E-mail”."""
    return list(names_of((step.cell for step in steps), moments={step.key: _words(step) for step in steps}).values())


def _words(step: PlanStep) -> str:
    words = moment_words(step.key, 0, step.anchor, step.offset_days, step.offset, step.label)
    return " ".join(filter(None, words))


def taken_keys(campaign: Campaign) -> set[str]:
    """Of all the moments that the campaign has or had, so that no touchpoint changes what it was."""
    left = campaign.touchpoints.order_by().values_list("step_key", flat=True).distinct()
    return {*left, *campaign.own_steps.values_list("key", flat=True)}


def free_key(name: str, taken: Iterable[str]) -> str:
    """A key for a moment of that name; a campaign never uses one twice, since touchpoints go by it."""
    base, known = f"{OWN_KEY}{name}"[:36].rstrip("-"), set(taken)
    return next(key for key in (base, *(f"{base}-{n}" for n in range(2, len(known) + 3))) if key not in known)
