"""What can be done about notices. Each verb is one transaction with its audit event."""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.accounts.services import record, record_change
from apps.accounts.trail.snapshots import taken
from apps.campaigns import services as campaigns
from apps.campaigns.models import Campaign
from apps.common.files import keep
from apps.common.states import move
from apps.windows import services as windows
from apps.windows.models import MaintenanceWindow, Service, WindowStatus
from apps.windows.services import WindowError

from . import drafting, receiving
from .effects import Decision, Effect, Outcome, Said, changed, decide
from .models import NOTICE_TRANSITIONS, NoticeFile, NoticeState, UpstreamNotice, UpstreamObject
from .reading import ReadNotice

logger = logging.getLogger(__name__)

AT_ONCE = 200  # notices that have their effect while somebody waits; the sweep goes on with the others

STATES: Mapping[Effect, NoticeState] = {
    Effect.OPEN_DRAFT: NoticeState.DRAFTED,
    Effect.EDIT_DRAFT: NoticeState.DRAFTED,
    Effect.DROP_DRAFT: NoticeState.SETTLED,
    Effect.PROPOSE: NoticeState.PROPOSED,
    Effect.NOTHING: NoticeState.SETTLED,
}


def receive(notices: Sequence[ReadNotice], *, source: str, actor: User | None = None, now: datetime) -> receiving.Received:
    """Keeps the notices, then lets them have their effect; what a crash leaves undone, `sweep` does."""
    received = receiving.keep(notices, source=source, now=now)
    for pk in received.ids[:AT_ONCE]:
        take_effect(pk, actor=actor, now=now)
    return received


def sweep(*, now: datetime, at_most: int = 2000) -> int:
    """Notices that are kept and have had no effect yet, and proposals that somebody has made true by hand; returns how many
    were looked at."""
    waiting = list(UpstreamNotice.objects.waiting().values_list("pk", flat=True)[:at_most])
    for pk in waiting:
        take_effect(pk, actor=None, now=now)
    proposed = list(UpstreamNotice.objects.filter(state=NoticeState.PROPOSED).values_list("pk", flat=True)[:at_most])
    for pk in proposed:
        _settle_if_true(pk, now=now)
    return len(waiting) + len(proposed)


def take_effect(pk: int, *, actor: User | None, now: datetime) -> None:
    """One that cannot be made a window of says why, and does not keep the others from it."""
    try:
        with transaction.atomic():
            notice = _locked(pk)
            if notice.state == NoticeState.RECEIVED:
                _take_effect(notice, actor=actor, now=now)
    except WindowError as refusal:
        problem = " ".join(refusal.messages)[:500]
        UpstreamNotice.objects.filter(pk=pk, state=NoticeState.RECEIVED).update(problem=problem)
    except Exception:
        logger.exception("Notice %s has no effect.", pk)
        problem = _("It could not be taken in; the log has the reason. It is tried again by itself.")
        UpstreamNotice.objects.filter(pk=pk, state=NoticeState.RECEIVED).update(problem=problem)


@transaction.atomic
def _settle_if_true(pk: int, *, now: datetime) -> None:
    """A planner may have moved or cancelled the window on its own page."""
    notice = _locked(pk)
    decision = _decide(notice, _locked_window(notice), Said.load(notice.taken), now=now)
    if notice.state == NoticeState.PROPOSED and decision.effect == Effect.NOTHING:
        _settle(notice, decision.outcome, actor=None, now=now)


def foresee(notice: ReadNotice, row: UpstreamNotice | None, *, now: datetime) -> Decision:
    """What `receive` would lead to; writes nothing."""
    key, uid = notice.key
    would_be = UpstreamNotice(provider_key=key, uid=uid, **receiving.facts(notice, row))
    window = row.window if row else None
    return _decide(would_be, window, Said.load(row.taken) if row else None, now=now)


def _take_effect(notice: UpstreamNotice, *, actor: User | None, now: datetime) -> None:
    window, taken = _locked_window(notice), Said.load(notice.taken)
    decision = _decide(notice, window, taken, now=now)
    services = drafting.affected_services(drafting.known_objects(notice))
    if decision.effect == Effect.OPEN_DRAFT:
        window = drafting.open_window(notice, services, actor=actor, now=now)
    elif decision.effect == Effect.EDIT_DRAFT and window and taken:
        drafting.follow(notice, window, changed(taken, drafting.said_by(notice)), services, actor=actor, now=now)
    elif decision.effect == Effect.DROP_DRAFT and window:
        _drop(window, actor=actor, now=now)
    fields: dict[str, Any] = {"window": window, "outcome": decision.outcome}
    if decision.effect != Effect.PROPOSE:
        fields["taken"] = drafting.said_by(notice).dump()
    _move(notice, STATES[decision.effect], actor=actor, now=now, **fields)


def _decide(notice: UpstreamNotice, window: MaintenanceWindow | None, taken: Said | None, *, now: datetime) -> Decision:
    return decide(
        taken=taken,
        said=drafting.said_by(notice),
        window=drafting.standing_of(window) if window else None,
        is_ours=drafting.is_ours(notice, drafting.known_objects(notice)),
        now=now,
    )


def _drop(window: MaintenanceWindow, *, actor: User | None, now: datetime) -> None:
    campaign = drafting.campaign_of(window)
    if campaign is None:
        windows.cancel_window(window, reason="", actor=actor, now=now)
    else:
        campaigns.cancel(campaign, reason="", actor=actor, now=now)


@transaction.atomic
def choose_services(
    provider_key: str,
    chosen: Mapping[str, Sequence[Service]],
    *,
    notice: UpstreamNotice | None = None,
    actor: User | None,
    now: datetime,
) -> None:
    """Remembers which services stand on each of the provider's objects in `chosen`, from here on.

    The draft of `notice` gets its services anew, other drafts of the provider only where they have none yet. A draft that
    turns out to be no concern of ours is dropped.
    """
    for object_id, services in chosen.items():
        row, _is_new = UpstreamObject.objects.update_or_create(
            provider_key=provider_key, object_id=object_id, defaults={"decided_by": actor, "decided_at": now}
        )
        before = taken(row, only=("services",))
        row.services.set(services)
        detail = {"object": object_id, "services": [service.slug for service in services]}
        record_change("upstream.services_chosen", subject=row, before=before, actor=actor, now=now, **detail)
    drafts = UpstreamNotice.objects.filter(provider_key=provider_key, state=NoticeState.DRAFTED)
    for other in drafts.filter(window__status=WindowStatus.DRAFT).order_by("pk"):
        if set(chosen) & set(other.object_ids):
            is_asked = notice is not None and other.pk == notice.pk
            _give_services(other.pk, is_asked=is_asked, actor=actor, now=now)


def _give_services(pk: int, *, is_asked: bool, actor: User | None, now: datetime) -> None:
    notice = _locked(pk)
    window, known = _locked_window(notice), drafting.known_objects(notice)
    if notice.state != NoticeState.DRAFTED or window is None or not drafting.is_draft(window):
        return
    services = drafting.affected_services(known)
    if not drafting.is_ours(notice, known):
        _drop(window, actor=actor, now=now)
        _move(notice, NoticeState.SETTLED, actor=actor, now=now, outcome=Outcome.NOT_OURS)
    elif services and (is_asked or not window.services.exists()):
        windows.edit_details(window, services=services, actor=actor, now=now)


@transaction.atomic
def apply_proposal(
    notice: UpstreamNotice,
    *,
    reason: str,
    translations: windows.Translations = windows.UNTRANSLATED,
    actor: User | None,
    now: datetime,
) -> None:
    """Makes the window say what the notice says, by the verbs of every window: those who were told are corrected.

    `translations`: of the reason, by language.

    Raises WindowError where the window can no longer be changed so.
    """
    notice = _proposal(notice)
    campaign = drafting.campaign_of(_window(notice))
    if campaign is None:
        raise WindowError(_("This window has no campaign: change it by hand."))
    said: dict[str, Any] = {"reason": reason, "translations": translations}
    if notice.outcome == Outcome.TO_CANCEL:
        campaigns.cancel(campaign, **said, actor=actor, now=now)
    elif notice.outcome == Outcome.TO_MOVE:
        _retime_promise(notice, campaign, said, actor=actor, now=now)
    else:
        raise WindowError(_("That work is over is confirmed on the window’s own page."))
    _settle(notice, Outcome.APPLIED, actor=actor, now=now)


def _retime_promise(
    notice: UpstreamNotice, campaign: Campaign, said: Mapping[str, Any], *, actor: User | None, now: datetime
) -> None:
    window = campaign.window
    announced = drafting.announced_end(notice, window)
    if window.status != WindowStatus.SCHEDULED:
        if window.ends_at != notice.ends_at:
            campaigns.extend(campaign, ends_at=notice.ends_at, announced_ends_at=announced, **said, actor=actor, now=now)
    elif (window.starts_at, window.ends_at) != (notice.starts_at, notice.ends_at):
        campaigns.reschedule(
            campaign,
            starts_at=notice.starts_at,
            ends_at=notice.ends_at,
            announced_ends_at=announced,
            **said,
            actor=actor,
            now=now,
        )
    if windows.edit_details(campaign.window, impact=notice.impact, actor=actor, now=now):
        campaigns.replan(campaign, now=now)


@transaction.atomic
def leave_as_it_is(notice: UpstreamNotice, *, actor: User | None, now: datetime) -> None:
    """A planner decides against the proposal; only what the provider changes from here on is put to them again."""
    _settle(_proposal(notice), Outcome.LEFT, actor=actor, now=now)


@transaction.atomic
def set_aside(notice: UpstreamNotice, *, actor: User | None, now: datetime) -> None:
    """It is no concern of ours: its draft is dropped, and later versions are kept without effect."""
    notice = _locked(notice.pk)
    window = _locked_window(notice)
    if notice.state == NoticeState.DRAFTED and window and drafting.is_draft(window):
        _drop(window, actor=actor, now=now)
    _move(notice, NoticeState.SET_ASIDE, actor=actor, now=now, problem="")


def take_up(notice: UpstreamNotice, *, actor: User | None, now: datetime) -> None:
    """What was set aside counts again, from its newest version on."""
    with transaction.atomic():
        notice = _locked(notice.pk)
        if notice.state != NoticeState.SET_ASIDE:
            raise WindowError(_("It is no longer set aside: somebody took it up meanwhile."))
        _move(notice, NoticeState.RECEIVED, actor=actor, now=now, window=None, taken={})
    take_effect(notice.pk, actor=actor, now=now)


def keep_file(file: "UploadedFile[Any]", *, actor: User, now: datetime) -> NoticeFile:
    """Holds an uploaded file until somebody decides about it."""
    return keep(NoticeFile, file, actor=actor, now=now)


def _locked(pk: int) -> UpstreamNotice:
    return UpstreamNotice.objects.select_for_update().get(pk=pk)


def _locked_window(notice: UpstreamNotice) -> MaintenanceWindow | None:
    rows = MaintenanceWindow.objects.select_for_update()
    return rows.filter(pk=notice.window_id).first() if notice.window_id else None


def _proposal(notice: UpstreamNotice) -> UpstreamNotice:
    current = _locked(notice.pk)
    if current.state != NoticeState.PROPOSED or seen_of(current) != seen_of(notice):
        raise WindowError(_("It has changed since you opened this page. Look at it as it stands now, then decide again."))
    return current


def seen_of(notice: UpstreamNotice) -> str:
    """A mark of what a planner has looked at: it changes with every version."""
    return f"{notice.sequence}/{notice.received_at.isoformat()}"


def _window(notice: UpstreamNotice) -> MaintenanceWindow:
    assert notice.window is not None  # a constraint holds it for whatever is to be reviewed
    return notice.window


def _settle(notice: UpstreamNotice, outcome: Outcome, *, actor: User | None, now: datetime) -> None:
    _move(notice, NoticeState.SETTLED, actor=actor, now=now, outcome=outcome, taken=drafting.said_by(notice).dump())


def _move(notice: UpstreamNotice, state: NoticeState, *, actor: User | None, now: datetime, **fields: Any) -> None:
    rows = UpstreamNotice.objects.filter(pk=notice.pk)
    changes: dict[str, Any] = {"problem": "", "updated_at": now, **fields}
    if not move(rows, to=state, transitions=NOTICE_TRANSITIONS, **changes):
        raise WindowError(_("It has changed since you opened this page. Look at it as it stands now, then decide again."))
    notice.refresh_from_db()
    detail = {"version": notice.sequence, "outcome": notice.outcome, "window": notice.window_id, "said": notice.taken}
    record(f"upstream.{state}", subject=notice, actor=actor, now=now, **detail)
