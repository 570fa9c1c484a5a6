"""Moments that are added to the plan of one campaign or taken away from it, written down as steps of its own."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from django.utils.translation import gettext as _

from apps.channels.models import Channel
from apps.windows.services import WindowError

from ..models import OWN_KEY, Campaign, Step
from ..moments import moment_words
from ..planner import PlanStep
from .locks import have_left
from .moments import MomentWishes
from .names import names_of


def refuse_moments(campaign: Campaign, moments: MomentWishes, added: Iterable[PlanStep], removed: Sequence[PlanStep]) -> None:
    """Where one that is added says nothing to anybody, or something of one that is removed has left."""
    spoken = {step.key for step in added}
    for moment in moments.added:
        if moment.key not in spoken:
            words = moment_words(moment.key, 0, moment.anchor, moment.offset_days, moment.offset, moment.label)
            raise WindowError(
                _("“%(moment)s” says nothing to anybody yet: switch on at least one of its cells, or take it away."),
                code="empty_moment",
                params={"moment": " ".join(filter(None, words))},
            )
    gone = have_left(campaign.touchpoints.all())
    left = [step for step in removed if step.key in gone]
    if left:
        raise WindowError(
            _("“%(moment)s” can no longer be taken away: something of it has left. Switch off what is still to come."),
            code="has_left",
            params={"moment": _words(left[0])},
        )


def write_moments(campaign: Campaign, added: Sequence[PlanStep], removed: Iterable[PlanStep], *, now: datetime) -> None:
    seconds = {str(channel): channel.pk for channel in Channel.objects.filter(name__in={step.otherwise for step in added})}
    for number, step in enumerate(added):
        _row(campaign, step, position=number, fallback_id=seconds.get(step.otherwise)).save()
    for row in campaign.own_steps.filter(key__in={step.key for step in removed}):
        row.removed_at = now
        row.save(update_fields=["removed_at"])


def _row(campaign: Campaign, step: PlanStep, *, position: int, fallback_id: int | None) -> Step:
    return Step(
        campaign=campaign,
        position=position,
        key=step.key,
        label=step.label,
        anchor=step.anchor,
        offset_days=step.offset_days,
        offset=step.offset,
        segment_id=step.segment_id,
        channel_id=step.channel_id,
        fallback_channel_id=fallback_id,
        content_key=step.content_key,
        urgency=step.urgency,
        is_mandatory=step.is_mandatory,
        invites=step.invites,
        attaches_maintnote=step.attaches_maintnote,
        only_unconfirmed=step.only_unconfirmed,
        useful_for=step.useful_for,
        useful_until_before_start=step.useful_until_before_start,
        when_late=step.when_late,
    )


def moment_facts(added: Sequence[PlanStep], removed: Sequence[PlanStep]) -> Mapping[str, list[str]]:
    """For the trail; nothing where no moment changes."""
    said = {"moments_added": added, "moments_removed": removed}
    return {name: _names(steps) for name, steps in said.items() if steps}


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
