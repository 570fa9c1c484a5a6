"""The buttons of a campaign: when each is offered, what it asks, what it would lead to, and the one service it calls."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, cast

from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import User
from apps.common.times import format_duration
from apps.windows.models import UNDER_WAY_STATUSES, WindowStatus

from .. import services
from ..foresight import foresee_cancellation, foresee_completion, foresee_move, foresee_start, foresee_withdrawal
from ..forms.verbs import CompleteForm, ExtendForm, ReasonForm, RescheduleForm, VerbForm
from ..models import Campaign
from ..replanning import Change

Words = str | Promise
WORTH_SAYING = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class Verb:
    name: str
    label: Words  # of the button that leads to the page
    title: Words
    confirm: Words  # of the button that does it
    done: Words
    from_status: Sequence[WindowStatus]
    run: Callable[[Campaign, Any, User, datetime], object]
    foresee: Callable[[Campaign, Any, datetime], list[Change]]
    form: type[VerbForm] = VerbForm
    lead: Words = ""  # what recipients notice, where the table of changes does not say it
    style: str = "secondary"
    offered: Callable[[Campaign], bool] = lambda campaign: True  # beyond the window's status


def _reschedule(campaign: Campaign, form: RescheduleForm, actor: User, now: datetime) -> object:
    period = form.period
    assert period is not None
    return services.reschedule(
        campaign,
        starts_at=period.starts_at,
        ends_at=period.ends_at,
        announced_ends_at=period.announced_ends_at,
        reason=form.cleaned_data["reason"],
        translations=form.translations,
        actor=actor,
        now=now,
    )


def _foresee_reschedule(campaign: Campaign, form: RescheduleForm, now: datetime) -> list[Change]:
    period = form.period
    assert period is not None
    return foresee_move(
        campaign, starts_at=period.starts_at, ends_at=period.ends_at, announced_ends_at=period.announced_ends_at, now=now
    )


def _extend(campaign: Campaign, form: ExtendForm, actor: User, now: datetime) -> object:
    return services.extend(
        campaign,
        ends_at=cast(datetime, form.ends_at),
        announced_ends_at=form.announced_ends_at,
        reason=form.cleaned_data["reason"],
        translations=form.translations,
        actor=actor,
        now=now,
    )


def _foresee_extend(campaign: Campaign, form: ExtendForm, now: datetime) -> list[Change]:
    return foresee_move(
        campaign,
        starts_at=campaign.window.starts_at,
        ends_at=cast(datetime, form.ends_at),
        announced_ends_at=form.announced_ends_at,
        now=now,
    )


def _complete(campaign: Campaign, form: CompleteForm, actor: User, now: datetime) -> object:
    is_temporary = form.cleaned_data["fix"] == CompleteForm.TEMPORARY
    said = {"outcome": form.cleaned_data["outcome"], "translations": form.translations}
    return services.complete(campaign, **said, is_temporary=is_temporary, actor=actor, now=now)


def _cancel(campaign: Campaign, form: ReasonForm, actor: User, now: datetime) -> object:
    return services.cancel(campaign, reason=form.cleaned_data["reason"], translations=form.translations, actor=actor, now=now)


def _nothing(campaign: Campaign, form: VerbForm, now: datetime) -> list[Change]:
    return []


VERBS: Mapping[str, Verb] = {
    verb.name: verb
    for verb in (
        Verb(
            name="release",
            label=_("Review and schedule"),
            title=_("Schedule this window"),
            confirm=_("Schedule"),
            done=_("It is scheduled: its messages leave by themselves from here on."),
            from_status=(WindowStatus.DRAFT,),
            run=lambda campaign, form, actor, now: services.release(campaign, actor=actor, now=now),
            foresee=_nothing,
            style="",
        ),
        Verb(
            name="start",
            label=_("Start the work"),
            title=_("Start the work now"),
            confirm=_("Start now"),
            done=_("The work has begun."),
            from_status=(WindowStatus.SCHEDULED,),
            run=lambda campaign, form, actor, now: services.start(campaign, actor=actor, now=now),
            foresee=lambda campaign, form, now: foresee_start(campaign, now=now),
            lead=_("The window is taken as begun from this moment, and what is tied to its start leaves."),
            style="",
        ),
        Verb(
            name="complete",
            label=_("Complete"),
            title=_("Confirm that the work is over"),
            confirm=_("Confirm completion"),
            done=_("The completion is confirmed."),
            from_status=UNDER_WAY_STATUSES,
            form=CompleteForm,
            run=_complete,
            foresee=lambda campaign, form, now: foresee_completion(campaign, now=now),
            lead=_("Recipients are told that it is over. Nobody is told so before somebody confirms it here."),
            style="",
        ),
        Verb(
            name="verify",
            label=_("Begin verifying"),
            title=_("Begin verifying"),
            confirm=_("Begin verifying"),
            done=_("The work is being verified."),
            from_status=(WindowStatus.IN_PROGRESS,),
            run=lambda campaign, form, actor, now: services.begin_verifying(campaign, actor=actor, now=now),
            foresee=_nothing,
            lead=_(
                "The work is done and its effect is being checked. Nothing is sent for this; updates go on until you complete it."
            ),
        ),
        Verb(
            name="resume",
            label=_("Back to work"),
            title=_("Go back from verifying to work"),
            confirm=_("Back to work"),
            done=_("The work goes on."),
            from_status=(WindowStatus.VERIFYING,),
            run=lambda campaign, form, actor, now: services.resume(campaign, actor=actor, now=now),
            foresee=_nothing,
            lead=_("Verifying found more to do. Nothing is sent for this; extend the window if the end moves."),
        ),
        Verb(
            name="extend",
            label=_("Extend"),
            title=_("Give the work another end"),
            confirm=_("Move the end"),
            done=_("The end has moved."),
            from_status=UNDER_WAY_STATUSES,
            form=ExtendForm,
            run=_extend,
            foresee=_foresee_extend,
        ),
        Verb(
            name="reschedule",
            label=_("Reschedule"),
            title=_("Move the window"),
            confirm=_("Move the window"),
            done=_("The window has moved."),
            from_status=(WindowStatus.SCHEDULED,),
            form=RescheduleForm,
            run=_reschedule,
            foresee=_foresee_reschedule,
        ),
        Verb(
            name="withdraw",
            label=_("Back to draft"),
            title=_("Make it a draft again"),
            confirm=_("Back to draft"),
            done=_("It is a draft again: nothing of it leaves before it is scheduled anew."),
            from_status=(WindowStatus.SCHEDULED,),
            run=lambda campaign, form, actor, now: services.withdraw(campaign, actor=actor, now=now),
            foresee=lambda campaign, form, now: foresee_withdrawal(campaign),
            lead=_("Nothing of it has left, so nobody is told. Calendar feeds no longer show it until it is scheduled again."),
            offered=lambda campaign: not services.has_spoken(campaign),
        ),
        Verb(
            name="cancel",
            label=_("Cancel the window"),
            title=_("Cancel the window"),
            confirm=_("Cancel the window"),
            done=_("The window is cancelled; nothing more of its plan leaves."),
            from_status=(WindowStatus.DRAFT, WindowStatus.SCHEDULED),
            form=ReasonForm,
            run=_cancel,
            foresee=lambda campaign, form, now: foresee_cancellation(campaign),
            style="danger",
        ),
    )
}


def verbs_for(campaign: Campaign, *, now: datetime) -> list[Verb]:
    """What can be done as the window stands, the likeliest first."""
    names = [name for name, verb in VERBS.items() if campaign.window.status in verb.from_status and verb.offered(campaign)]
    return [verb_for(campaign, name, now=now) for name in names]


def verb_for(campaign: Campaign, name: str, *, now: datetime) -> Verb:
    """The verb of that name in the words that fit the hour: before its planned end, completing is finishing early."""
    verb, left = VERBS[name], campaign.window.ends_at - now
    if verb.name != "complete" or campaign.window.status not in verb.from_status or left < WORTH_SAYING:
        return verb
    early = _("The work ends %(left)s before its planned end: what was to be said until then is dropped, as listed here.")
    left_words = format_duration(left // WORTH_SAYING * WORTH_SAYING, language=get_language() or "en")
    return replace(
        verb,
        label=_("Finish early"),
        title=_("Confirm that the work is over before its planned end"),
        lead=f"{verb.lead} {early % {'left': left_words}}",
    )
