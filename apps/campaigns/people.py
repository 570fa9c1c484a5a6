"""Who has which part in a campaign: its owner and RACI; and what those who are informed are told by mail."""

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.accounts.people import Letter, person_words, tell
from apps.accounts.services import record
from apps.common.text import one_line
from apps.common.times import format_period
from apps.windows.models import WindowStatus

from .models import Campaign, Part, Responsibility

Parts = Mapping[str, Collection[User]]

NEWS: Mapping[str, str | Promise] = {
    WindowStatus.SCHEDULED: gettext_lazy("Scheduled: %(title)s"),
    WindowStatus.CANCELLED: gettext_lazy("Cancelled: %(title)s"),
    WindowStatus.COMPLETED: gettext_lazy("Completed: %(title)s"),
}


def people_of(campaign: Campaign) -> dict[str, list[User]]:
    """By part, each by name; a part that nobody has is empty."""
    found: dict[str, list[User]] = {part: [] for part in Part.values}
    for row in campaign.responsibilities.select_related("user"):
        found[row.part].append(row.user)
    return found


@transaction.atomic
def name_people(campaign: Campaign, *, owner: User | None, parts: Parts, actor: User, now: datetime) -> bool:
    """Makes owner and parts what they are said to be; False: nothing changed."""
    current = Campaign.objects.select_for_update(of=("self",)).select_related("owner").get(pk=campaign.pk)
    before = {"owner": _names([current.owner]), **{part: _names(people) for part, people in people_of(current).items()}}
    after = {"owner": _names([owner]), **{part: _names(parts.get(part, ())) for part in Part.values}}
    if before == after:
        return False
    Campaign.objects.filter(pk=current.pk).update(owner=owner, updated_at=now)
    current.responsibilities.all().delete()
    rows = [Responsibility(campaign=current, user=user, part=part) for part, people in parts.items() for user in people]
    Responsibility.objects.bulk_create(rows)
    changed = [name for name in after if before[name] != after[name]]
    detail = {"before": {name: before[name] for name in changed}, "after": {name: after[name] for name in changed}}
    record("campaign.people_named", subject=current, actor=actor, now=now, **detail)
    return True


def tell_about(campaign: Campaign, people: Iterable[User | None], letter: Callable[[User], Letter]) -> None:
    """Writes to colleagues; about a sample to nobody, whoever was named."""
    if not campaign.window.is_sample:
        tell(people, letter)


def inform(campaign: Campaign, status: str) -> None:
    """Writes to those who are informed that the window is scheduled, cancelled or completed; once that is committed."""
    window = campaign.window

    def letter(reader: User) -> Letter:
        times = format_period(window.starts_at, window.ends_at, zone=reader.time_zone, language=get_language() or "en")
        lines = [
            times,
            _("Owner: %(who)s") % {"who": person_words(campaign.owner)} if campaign.owner else "",
            settings.SITE_URL + reverse("admin:windows_maintenancewindow_change", args=[window.pk]),
            _("You get this because you are to be informed about this window."),
        ]
        return str(NEWS[status]) % {"title": one_line(window.title)}, "\n\n".join(filter(None, lines)) + "\n"

    rows = campaign.responsibilities.filter(part=Part.INFORMED).select_related("user")
    tell_about(campaign, (row.user for row in rows), letter)


def _names(people: Collection[User | None]) -> list[str]:
    return sorted(person.get_username() for person in people if person is not None)
