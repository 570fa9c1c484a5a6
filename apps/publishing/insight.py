"""What only the team reads in an entry: who runs the window, by which playbook, and where to look."""

from collections.abc import Iterator, Mapping

from django.conf import settings
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from apps.campaigns.models import Campaign
from apps.windows.models import MaintenanceWindow

Facts = tuple[int, int, str | None, str | None, str | None, str]


def facts_of(windows: QuerySet[MaintenanceWindow]) -> list[Facts]:
    """The rows from which the notes are made."""
    names = ("window_id", "pk", "owner__first_name", "owner__last_name", "owner__username", "playbook__name")
    rows = Campaign.objects.filter(window__in=windows.order_by().values("pk")).order_by("pk")
    return list(rows.values_list(*names))


def notes_of(windows: QuerySet[MaintenanceWindow], *, language: str) -> Mapping[int, tuple[str, ...]]:
    """By window, the lines that its description ends with."""
    with translation.override(language):
        return {facts[0]: tuple(_notes(*facts[1:])) for facts in facts_of(windows)}


def _notes(campaign_id: int, first: str | None, last: str | None, username: str | None, playbook: str) -> Iterator[str]:
    if owner := f"{first or ''} {last or ''}".strip() or username:
        yield _("Owner: %(name)s") % {"name": owner}
    yield _("Playbook: %(name)s") % {"name": playbook}
    yield settings.SITE_URL + reverse("dashboard:live", args=[campaign_id])
