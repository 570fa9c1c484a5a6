"""What has changed since an approval: which part, by whom, when. And who edited a campaign last."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from django.db.models import Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.accounts.models import AuditEvent, User
from apps.accounts.people import person_words

from ..languages import language_name
from ..models import Approval, Campaign
from ..moments import instant_words
from .contents import Contents, Item, Part, contents_of, differing, subjects

WORDS: dict[str, str | Promise] = {
    Part.TIMES: gettext_lazy("The times of the window"),
    Part.DETAILS: gettext_lazy("Services, impact or another detail of the window"),
    Part.TEXTS: gettext_lazy("The texts of the window in %(about)s"),
    Part.PLAN: gettext_lazy("The plan: %(about)s"),
    Part.CONTENT: gettext_lazy("The text %(about)s"),
    Part.AUDIENCE: gettext_lazy("Who belongs to “%(about)s”"),
    Part.CHANNELS: gettext_lazy("The channel “%(about)s”"),
}
# Deeds on a campaign or window that leave what it says, and to whom, as it was.
NO_EDITS = Q(verb__startswith="campaign.approval") | Q(
    verb__in=(
        *("campaign.paused", "campaign.resumed", "campaign.released", "campaign.held_back", "campaign.people_named"),
        *("campaign.updates_held", "campaign.updates_released", "campaign.alarmed"),
        *("campaign.withdrawn", "window.scheduled", "window.started", "window.verifying", "window.resumed", "window.completed"),
        "window.withdrawn",
    )
)


@dataclass(frozen=True, kw_only=True)
class Difference:
    what: str
    who: str = ""
    at: datetime | None = None

    def sentence(self, zone: str) -> str:
        """“The text reminder-7d (fr): edited by Ana, Tuesday …”; `zone` is the reader's."""
        if self.at is None:
            return self.what
        return _("%(what)s: edited by %(who)s, %(when)s") % {
            "what": self.what,
            "who": self.who,
            "when": instant_words(self.at, zone),
        }


def differences(approval: Approval, campaign: Campaign, current: Contents | None = None) -> list[Difference]:
    """Empty while what was approved is what would leave."""
    approved = Contents.from_json(approval.items)
    current = current or contents_of(campaign)
    keys = differing(approved, current, released=campaign.released_at is not None)
    if not keys:
        return []
    items = [current.items.get(key) or approved.items[key] for key in keys]
    by_hand = f"campaigns.campaign:{campaign.pk}"  # what was decided by hand about the plan stands with the campaign
    edits = _last_edits([*subjects(items), ("campaigns.campaign", str(campaign.pk))], since=approval.decided_at)
    return [_difference(item, _latest(edits.get(item.subject), item.part == Part.PLAN and edits.get(by_hand))) for item in items]


def last_editor(campaign: Campaign, current: Contents) -> User | None:
    """Who last edited the window, the plan, a text or a rule behind it; nobody where only the system has."""
    rows = {*subjects(current.items.values()), ("campaigns.campaign", str(campaign.pk))}
    event = _events(rows).filter(actor__isnull=False).select_related("actor").first()
    return event.actor if event else None


def _difference(item: Item, edit: AuditEvent | None) -> Difference:
    about = str(language_name(item.about)) if item.part == Part.TEXTS else item.about
    what = str(WORDS[item.part]) % {"about": about} if item.about else str(WORDS[item.part])
    return Difference(what=what, who=person_words(edit.actor), at=edit.at) if edit else Difference(what=what)


def _latest(*edits: AuditEvent | Literal[False] | None) -> AuditEvent | None:
    return max((edit for edit in edits if edit), key=lambda edit: (edit.at, edit.pk), default=None)


def _last_edits(rows: Iterable[tuple[str, str]], *, since: datetime | None) -> dict[str, AuditEvent]:
    events = _events(rows).select_related("actor")
    if since is not None:
        events = events.filter(at__gte=since)
    found: dict[str, AuditEvent] = {}
    for event in events:
        found.setdefault(f"{event.subject_type}:{event.subject_id}", event)
    return found


def _events(rows: Iterable[tuple[str, str]]) -> QuerySet[AuditEvent]:
    """The newest first."""
    by_kind: dict[str, set[str]] = {}
    for kind, number in rows:
        by_kind.setdefault(kind, set()).add(number)
    chosen = Q(pk__in=())
    for kind, numbers in by_kind.items():
        chosen |= Q(subject_type=kind, subject_id__in=numbers)
    return AuditEvent.objects.filter(chosen).exclude(NO_EDITS)
