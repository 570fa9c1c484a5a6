"""What is done to a campaign: each verb changes the window and its touchpoints in one transaction.

The verbs work on `campaign.window` as the caller has seen it: a change that was made meanwhile refuses them (WindowError).
"""

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, F, Q
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.accounts.services import record
from apps.windows import services as windows
from apps.windows.models import MaintenanceWindow, WindowRevision, WindowStatus
from apps.windows.series import repeat_window

from .approval.verbs import refuse_unapproved
from .models import Campaign, HandMadeCell, Playbook, Reason, Step, Touchpoint, TouchpointState
from .people import inform
from .plans import campaign_plan, standings, times_of
from .replanning import Change, cancellation_changes, replan_changes, withdrawal_changes
from .touchpoints import apply_changes

logger = logging.getLogger(__name__)


@transaction.atomic
def open_campaign(
    window: MaintenanceWindow, *, playbook: Playbook, owner: User | None, actor: User | None, now: datetime
) -> Campaign:
    """Ties a draft window to a playbook; nothing is planned to leave before `release`."""
    campaign = Campaign.objects.create(window=window, playbook=playbook, owner=owner)
    record("campaign.opened", subject=campaign, actor=actor, now=now, playbook=playbook.slug)
    return campaign


@transaction.atomic
def release(
    campaign: Campaign,
    *,
    actor: User | None,
    now: datetime,
    messages: int | None = None,
    ticked: Sequence[Mapping[str, str]] = (),
) -> Campaign:
    """Schedules the window and plans its touchpoints: from here on messages leave by themselves.

    `messages` and `ticked` go on record: how many were announced to the actor, and the warnings they ticked. Raises
    WindowError when the window cannot be scheduled, or lacks an approval that it needs.
    """
    refuse_unapproved(_locked(campaign))
    windows.schedule_window(campaign.window, actor=actor, now=now)
    campaign.released_at = now
    campaign.save(update_fields=["released_at", "updated_at"])
    said = {"messages": messages, "ticked": [one["sentence"] for one in ticked], "codes": [one["code"] for one in ticked]}
    record("campaign.released", subject=campaign, actor=actor, now=now, **said)
    _replan(campaign, now=now)
    inform(campaign, WindowStatus.SCHEDULED)
    return campaign


def has_spoken(campaign: Campaign) -> bool:
    """Whether anything of it has begun to leave."""
    return campaign.touchpoints.filter(first_sent_at__isnull=False).exists()


@transaction.atomic
def withdraw(campaign: Campaign, *, actor: User | None, now: datetime) -> WindowRevision:
    """Makes a scheduled window a draft again, as long as nothing has left: nobody was told, so nobody is corrected."""
    current = _locked(campaign)
    touchpoints = _locked_touchpoints(campaign)
    if any(row.first_sent_at for row in touchpoints):
        raise windows.WindowError(
            _("Messages have left already, so it cannot be a draft again: move the window or cancel it."), code="has_spoken"
        )
    revision = windows.withdraw_window(campaign.window, actor=actor, now=now)
    apply_changes(campaign, withdrawal_changes(standings(touchpoints, campaign.window)), revision=revision, now=now)
    if current.unapproved_since and current.paused_by_id is None:  # a person's own pause stays
        campaign.paused_at = None
    campaign.released_at = campaign.unapproved_since = None
    campaign.save(update_fields=["released_at", "unapproved_since", "paused_at", "updated_at"])
    record("campaign.withdrawn", subject=campaign, actor=actor, now=now)
    return revision


@transaction.atomic
def repeat(campaign: Campaign, *, rule: str, count: int, actor: User | None, now: datetime) -> list[Campaign]:
    """Drafts further occurrences of the window by its rule, each with a campaign of the same plan, to be released alone."""
    drafts = repeat_window(campaign.window, rule=rule, count=count, actor=actor, now=now)
    return [open_like(campaign, window, actor=actor, now=now) for window in drafts]


@transaction.atomic
def open_like(campaign: Campaign, window: MaintenanceWindow, *, actor: User | None, now: datetime) -> Campaign:
    """Ties a draft window to the playbook of `campaign`, with the moments and cells that were made by hand in its plan."""
    opened = open_campaign(window, playbook=campaign.playbook, owner=campaign.owner, actor=actor, now=now)
    Campaign.objects.filter(pk=opened.pk).update(requires_approval=campaign.requires_approval)
    decided = [*campaign.hand_made_cells.all()]
    for cell in decided:
        cell.pk, cell.campaign = None, opened
    HandMadeCell.objects.bulk_create(decided)
    own = [*campaign.own_steps.filter(removed_at=None)]
    for step in own:
        step.pk, step.campaign = None, opened
    Step.objects.bulk_create(own)
    return opened


def reschedule(
    campaign: Campaign,
    *,
    starts_at: datetime,
    ends_at: datetime,
    announced_ends_at: datetime | None = None,
    reason: str,
    translations: windows.Translations = windows.UNTRANSLATED,
    actor: User | None,
    now: datetime,
) -> WindowRevision:
    """Moves a window that has not begun; those told the old times are told the new ones, with `reason`.

    `translations`: of the reason, by language, as in the other verbs that take one.
    """

    def move(window: MaintenanceWindow) -> WindowRevision:
        times: dict[str, Any] = {"starts_at": starts_at, "ends_at": ends_at, "announced_ends_at": announced_ends_at}
        said: dict[str, Any] = {"reason": reason, "translations": translations}
        return windows.reschedule_window(window, **times, **said, actor=actor, now=now)

    return _change(campaign, move, now=now)


def extend(
    campaign: Campaign,
    *,
    ends_at: datetime,
    announced_ends_at: datetime | None = None,
    reason: str,
    translations: windows.Translations = windows.UNTRANSLATED,
    actor: User | None,
    now: datetime,
) -> WindowRevision:
    """Gives work that is under way another end; those told the old one hear the reason and the new estimate."""

    def move(window: MaintenanceWindow) -> WindowRevision:
        times: dict[str, Any] = {"ends_at": ends_at, "announced_ends_at": announced_ends_at}
        return windows.extend_window(window, **times, reason=reason, translations=translations, actor=actor, now=now)

    return _change(campaign, move, now=now)


def start(campaign: Campaign, *, actor: User | None, now: datetime) -> WindowRevision:
    return _change(campaign, lambda window: windows.start_window(window, actor=actor, now=now), now=now)


def begin_verifying(campaign: Campaign, *, actor: User | None, now: datetime) -> WindowRevision:
    return _change(campaign, lambda window: windows.begin_verifying(window, actor=actor, now=now), now=now)


def resume(campaign: Campaign, *, actor: User | None, now: datetime) -> WindowRevision:
    return _change(campaign, lambda window: windows.resume_window(window, actor=actor, now=now), now=now)


@transaction.atomic
def complete(
    campaign: Campaign,
    *,
    outcome: str,
    is_temporary: bool,
    translations: windows.Translations = windows.UNTRANSLATED,
    actor: User | None,
    now: datetime,
) -> WindowRevision:
    """Confirms that the work is over: the notices of its completion leave. `translations`: of the outcome, by language."""

    def finish(window: MaintenanceWindow) -> WindowRevision:
        said: dict[str, Any] = {"outcome": outcome, "translations": translations}
        return windows.complete_window(window, **said, is_temporary=is_temporary, actor=actor, now=now)

    revision = _change(campaign, finish, now=now)
    inform(campaign, WindowStatus.COMPLETED)
    return revision


@transaction.atomic
def cancel(
    campaign: Campaign,
    *,
    reason: str,
    translations: windows.Translations = windows.UNTRANSLATED,
    actor: User | None,
    now: datetime,
) -> WindowRevision:
    """Calls the window off: nothing unsent leaves any more, and exactly those who were told hear of it."""
    _locked(campaign)
    revision = windows.cancel_window(campaign.window, reason=reason, translations=translations, actor=actor, now=now)
    changes = cancellation_changes(standings(_locked_touchpoints(campaign), campaign.window))
    apply_changes(campaign, changes, revision=revision, now=now)
    if campaign.released_at is not None:
        inform(campaign, WindowStatus.CANCELLED)
    return revision


@transaction.atomic
def replan(campaign: Campaign, *, anew: Collection[str] = (), now: datetime) -> None:
    """Makes the touchpoints what the playbook and the window ask for; doing it twice changes nothing more.

    `anew`: the keys of moments that say something else now, or in another way, and are written anew even at the same time.
    """
    campaign = _locked(campaign)
    if campaign.window.status != WindowStatus.CANCELLED:
        _replan(campaign, anew=anew, now=now)


def replan_enabled(now: datetime) -> int:
    """Takes up again what was left out because its channel was switched off, where it works again; returns how many plans.

    What is still to come alone: where the time of a touchpoint has passed, it stays left out.
    """
    silent = Touchpoint.objects.filter(state=TouchpointState.SKIPPED, reason=Reason.CHANNEL_DISABLED, channel__is_enabled=True)
    in_the_plan = Q(step__channel=F("channel")) | Exists(HandMadeCell.objects.switched_on_for_touchpoint())
    ahead = silent.filter(in_the_plan, Q(due_at__isnull=True) | Q(due_at__gt=now))
    campaigns = Campaign.objects.filter(window__in=MaintenanceWindow.objects.live(), touchpoints__in=ahead).distinct()
    for campaign in campaigns:
        replan(campaign, now=now)
    return len(campaigns)


def start_due_windows(now: datetime) -> int:
    """Begins every window whose planned start has come and which starts by itself; returns how many began."""
    due = Campaign.objects.filter(window__in=MaintenanceWindow.objects.due_to_start(now)).select_related("window")
    return sum(_start_as_planned(campaign, now=now) for campaign in due)


def _start_as_planned(campaign: Campaign, *, now: datetime) -> bool:
    """One that cannot start does not keep the others from it; the clock asks again each second."""
    try:
        _change(campaign, lambda window: windows.start_as_planned(window, now=now), now=now)
    except windows.WindowError:  # a person was quicker: started, moved or cancelled it
        logger.info("Window %s did not start by itself: it has changed meanwhile", campaign.window_id)
        return False
    except Exception:
        logger.exception("Window %s could not start by itself", campaign.window_id)
        return False
    return True


@transaction.atomic
def _change(campaign: Campaign, change: Callable[[MaintenanceWindow], WindowRevision], *, now: datetime) -> WindowRevision:
    before = times_of(_locked(campaign).window)
    revision = change(campaign.window)
    _replan(campaign, now=now, moved=before != times_of(campaign.window))
    return revision


def _replan(campaign: Campaign, *, now: datetime, moved: bool = False, anew: Collection[str] = ()) -> None:
    window = campaign.window
    rows = campaign_plan(campaign, window, now=now, moved=moved)
    standing = standings(_locked_touchpoints(campaign), window)
    changes: list[Change] = replan_changes(
        standing, rows, times=times_of(window), correct=moved, is_over=window.actual_ended_at is not None, anew=anew
    )
    revision = window.revisions.order_by("-number").first()
    if revision is not None:
        apply_changes(campaign, changes, revision=revision, now=now)


def _locked(campaign: Campaign) -> Campaign:
    """The campaign and its window as they stand, held against other planners until the transaction ends."""
    rows = Campaign.objects.select_related("window", "playbook")
    return rows.select_for_update(of=("self", "window")).get(pk=campaign.pk)


def _locked_touchpoints(campaign: Campaign) -> Sequence[Touchpoint]:
    """Held against the engine's marks, so that a batch is either marked before this change or refused after it."""
    return list(Touchpoint.objects.select_for_update().filter(campaign=campaign).order_by("pk"))
