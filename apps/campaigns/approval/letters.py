"""What the team is told by mail about approvals; each letter points to the page where it is decided."""

from collections.abc import Iterable, Sequence

from django.conf import settings
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.accounts.people import Letter, person_words
from apps.common.text import one_line
from apps.common.times import format_period

from ..models import Approval, Campaign
from ..people import tell_about
from .changes import Difference


def ask(approval: Approval) -> None:
    asked = [approval.approver] if approval.approver else _approvers()

    def letter(reader: User) -> Letter:
        words = _words(approval.campaign, reader) | {"who": person_words(approval.asked_by)}
        first = _("%(who)s asks you to approve “%(title)s” before it is scheduled.") % words
        return _("To approve: %(title)s") % words, _text(first, approval.request_note, words["times"], _page(approval.campaign))

    tell_about(approval.campaign, (person for person in asked if person != approval.asked_by), letter)


def approved(approval: Approval) -> None:
    def letter(reader: User) -> Letter:
        words = _words(approval.campaign, reader) | {"who": person_words(approval.decided_by)}
        if approval.campaign.released_at:
            first = _("%(who)s approved “%(title)s” as it stands now. What was held back goes on.") % words
        else:
            first = _("%(who)s approved “%(title)s”. It can be scheduled as long as nobody edits it.") % words
        return _("Approved: %(title)s") % words, _text(first, approval.decision_note, words["times"], _page(approval.campaign))

    tell_about(approval.campaign, [approval.asked_by, approval.campaign.owner], letter)


def sent_back(approval: Approval) -> None:
    def letter(reader: User) -> Letter:
        words = _words(approval.campaign, reader) | {"who": person_words(approval.decided_by)}
        first = _("%(who)s did not approve “%(title)s” yet, and says why:") % words
        return _("Sent back: %(title)s") % words, _text(first, approval.decision_note, words["times"], _page(approval.campaign))

    tell_about(approval.campaign, [approval.asked_by, approval.campaign.owner], letter)


def held_back(approval: Approval, changes: Sequence[Difference]) -> None:
    """To the owner, to whoever asked and to whoever approved: the edit may have been meant, the silence is not."""

    def letter(reader: User) -> Letter:
        words = _words(approval.campaign, reader)
        first = _("“%(title)s” was edited after it was approved. Nothing more of it leaves until it is approved anew.") % words
        changed = "\n".join(f"– {change.sentence(reader.time_zone)}" for change in changes)
        return _("Held back: %(title)s") % words, _text(first, changed, words["times"], _page(approval.campaign))

    tell_about(approval.campaign, [approval.campaign.owner, approval.asked_by, approval.decided_by], letter)


def _approvers() -> Iterable[User]:
    return User.objects.with_perm("campaigns.approve_campaign", backend="django.contrib.auth.backends.ModelBackend")


def _words(campaign: Campaign, reader: User) -> dict[str, str]:
    window = campaign.window
    times = format_period(window.starts_at, window.ends_at, zone=reader.time_zone, language=get_language() or "en")
    return {"title": one_line(window.title), "times": times}


def _page(campaign: Campaign) -> str:
    site: str = settings.SITE_URL
    return site + reverse("admin:windows_maintenancewindow_approval", args=[campaign.window_id])


def _text(*paragraphs: str) -> str:
    return "\n\n".join(paragraph for paragraph in paragraphs if paragraph) + "\n"
