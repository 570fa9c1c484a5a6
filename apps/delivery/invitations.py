"""Who gets the window for their calendar with an e-mail, and what they get. Who is decided when the delivery is written,
and stands in its row.

A touchpoint that invites asks everybody. Beyond that, whoever holds an invitation by the same channel (the same organizer,
to a calendar) gets its new times with the first e-mail that tells them, which is the correction as a rule, and its
cancellation when the window is cancelled. Nobody else gets either.
"""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db.models import Case, CharField, Expression, Max, QuerySet, Value, When

from apps.campaigns.models import Touchpoint
from apps.channels.messages import CalendarPart
from apps.channels.models import MAIL_KINDS
from apps.windows.calendar import invitations as calendars
from apps.windows.models import WindowStatus

from . import audience
from .models import Delivery, Invitation
from .waiting import WaitingRow

_METHODS: Mapping[str, calendars.Method] = {
    Invitation.REQUEST: calendars.Method.REQUEST,
    Invitation.CANCEL: calendars.Method.CANCEL,
}
_NONE = Value(Invitation.NONE.value, output_field=CharField())


def part_for(touchpoint: Touchpoint, *, who: str = "pk") -> Expression:
    """The Invitation in the delivery of `touchpoint` to the contact that `who` names in the rows annotated with it."""
    if touchpoint.channel.kind not in MAIL_KINDS:
        return _NONE
    if touchpoint.campaign.window.status == WindowStatus.CANCELLED:
        return _only_to(_holders(touchpoint), Invitation.CANCEL, who)
    if touchpoint.invites:
        return Value(Invitation.REQUEST.value, output_field=CharField())
    return _only_to(_holders_of_false_ones(touchpoint), Invitation.REQUEST, who)


class CalendarBox:
    """The calendar parts of one touchpoint, rendered once for each language."""

    def __init__(self, touchpoint: Touchpoint) -> None:
        self._window = touchpoint.campaign.window
        self._organizer = touchpoint.channel.config.get("from_address") or settings.DEFAULT_FROM_EMAIL
        self._rendered: dict[tuple[str, str], calendars.Invitation] = {}

    def part(self, row: WaitingRow, language: str) -> CalendarPart:
        invitation = self._rendered.get((row.invitation, language)) or self._render(row.invitation, language)
        return CalendarPart(method=invitation.method, body=invitation.to(row.address))

    def _render(self, part: str, language: str) -> calendars.Invitation:
        rendered = calendars.Invitation.of(self._window, method=_METHODS[part], organizer=self._organizer, language=language)
        self._rendered[part, language] = rendered
        return rendered


def _only_to(holders: QuerySet[Any], part: Invitation, who: str) -> Expression:
    """Mostly there are none, and then the statement had better not ask."""
    if not holders.exists():
        return _NONE
    theirs = When(**{f"{who}__in": holders.values("contact")}, then=Value(part.value))
    return Case(theirs, default=_NONE, output_field=CharField())


def _holders(touchpoint: Touchpoint) -> QuerySet[Delivery]:
    """Deliveries by which people have an invitation in their calendar, or may have."""
    by_channel = Touchpoint.objects.filter(campaign=touchpoint.campaign_id, channel=touchpoint.channel_id)
    rows = Delivery.objects.invited().told().filter(touchpoint__in=list(by_channel.values_list("pk", flat=True)))
    return rows.order_by()


def _holders_of_false_ones(touchpoint: Touchpoint) -> QuerySet[Any]:
    """Only those to whom the last one said what no longer holds."""
    if not (false_now := audience.false_revisions(touchpoint)):
        return Delivery.objects.none()
    return _holders(touchpoint).values("contact").annotate(last=Max("revision")).filter(last__in=false_now)
