"""Faults, remarks and outcomes as sentences for a planner, in the planner's language."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .effects import Outcome
from .models import UpstreamNotice
from .reading import LARGEST_FILE, Fault, FaultCode, Remark

Words = str | Promise

FAULTS: Mapping[FaultCode, Words] = {
    FaultCode.TOO_LARGE: gettext_lazy("The file is larger than %(most)s MB: cut it into parts."),
    FaultCode.NO_CALENDAR: gettext_lazy("This is not a calendar file: it has no BEGIN:VCALENDAR."),
    FaultCode.NO_CALENDAR_INSIDE: gettext_lazy("The message carries no calendar."),
    FaultCode.NO_PROVIDER: gettext_lazy("X-MAINTNOTE-PROVIDER is missing, and no ORGANIZER says who it comes from."),
    FaultCode.NO_UID: gettext_lazy("UID and X-MAINTNOTE-MAINTENANCE-ID are missing: updates could not be told apart."),
    FaultCode.NO_START: gettext_lazy("DTSTART is missing."),
    FaultCode.NO_END: gettext_lazy("DTEND is missing, and there is no DURATION."),
    FaultCode.BAD_TIME: gettext_lazy("%(name)s: “%(value)s” is not a time such as 20260302T093000Z."),
    FaultCode.ENDS_BEFORE_START: gettext_lazy("%(name)s: it does not end after its start."),
}
REMARKS: Mapping[str, Words] = {
    Remark.FLOATING: gettext_lazy("Its times name no zone; they were read as UTC. Please check them."),
    Remark.UNKNOWN_ZONE: gettext_lazy("Its times name a zone that nobody knows; they were read as UTC. Please check them."),
    Remark.WHOLE_DAYS: gettext_lazy("It gives whole days without a time of day; they were read from midnight on."),
    Remark.REPEATS: gettext_lazy("It repeats; only the first time was taken. Plan the others by hand."),
    Remark.PROVIDER_GUESSED: gettext_lazy("It does not name its provider; the domain of its organiser was taken."),
    Remark.UID_GUESSED: gettext_lazy("It has no UID; its maintenance number was taken."),
    Remark.UNKNOWN_STATUS: gettext_lazy("Its status is not one of the standard’s and was left out of account."),
    Remark.UNKNOWN_IMPACT: gettext_lazy("Its impact is missing or not one of the standard’s; an outage is assumed."),
    Remark.NO_OBJECTS: gettext_lazy("It names no object: choose the services in the draft."),
}
OUTCOMES: Mapping[str, Words] = {
    Outcome.NEW_DRAFT: gettext_lazy("A draft of a window. Look it over, then schedule it or set it aside."),
    Outcome.DRAFT_FOLLOWS: gettext_lazy("The draft was changed as the provider says."),
    Outcome.DRAFT_AGREES: gettext_lazy("The draft says what the provider says."),
    Outcome.CALLED_OFF: gettext_lazy("The provider has cancelled it: the draft was dropped."),
    Outcome.DONE_WITHOUT_US: gettext_lazy("The provider has finished: the draft was dropped."),
    Outcome.TO_MOVE: gettext_lazy("The provider has changed it, and the window is promised already: decide about the change."),
    Outcome.TO_CANCEL: gettext_lazy("The provider has cancelled it, and the window is promised already: decide about it."),
    Outcome.TO_COMPLETE: gettext_lazy("The provider says that the work is over. Nothing completes by itself: confirm it."),
    Outcome.AGREES: gettext_lazy("Nothing to do: the window needs no change for it."),
    Outcome.NEVER_PLANNED: gettext_lazy("It was called off or finished before there was a draft; nothing to do."),
    Outcome.PAST: gettext_lazy("Its time is over; nothing to do."),
    Outcome.WINDOW_ENDED: gettext_lazy("The window is over or cancelled; nothing to do."),
    Outcome.NOT_OURS: gettext_lazy("None of our services stands on its objects; nothing to do."),
    Outcome.APPLIED: gettext_lazy("A planner has made the change."),
    Outcome.LEFT: gettext_lazy("A planner has left the window as it is."),
}
# What would happen, for a table of a file that has not been taken in yet.
FORESEEN: Mapping[str, Words] = {
    **OUTCOMES,
    Outcome.NEW_DRAFT: gettext_lazy("Becomes a draft of a window."),
    Outcome.DRAFT_FOLLOWS: gettext_lazy("Changes its draft."),
    Outcome.DRAFT_AGREES: gettext_lazy("Changes nothing in its draft."),
    Outcome.CALLED_OFF: gettext_lazy("Cancelled: its draft is dropped."),
    Outcome.DONE_WITHOUT_US: gettext_lazy("Finished: its draft is dropped."),
    Outcome.TO_MOVE: gettext_lazy("Changes a promised window: you are asked to decide."),
    Outcome.TO_CANCEL: gettext_lazy("Cancels a promised window: you are asked to decide."),
}


def fault_sentence(fault: Fault) -> str:
    words = {"most": LARGEST_FILE // 2**20, "name": fault.name, "value": fault.value}
    return str(FAULTS[fault.code]) % words


def remark_sentences(remarks: list[str]) -> list[str]:
    return [str(REMARKS[remark]) for remark in remarks if remark in REMARKS]


def outcome_sentence(notice: UpstreamNotice) -> str:
    if notice.problem:
        return notice.problem
    return str(OUTCOMES.get(notice.outcome, "")) or _("It was received and waits for its turn.")
