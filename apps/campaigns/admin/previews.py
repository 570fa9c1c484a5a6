"""Each message as a chosen recipient gets it, composed by the very code that sends it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_sameorigin

from apps.audiences.models import Contact, ContactQuerySet
from apps.channels.models import MAIL_KINDS, ChannelKind
from apps.channels.sms_parts import measure

from ..board import Board, Column, Spot, campaign_board, planned_board
from ..content import Content, ContentError, language_of, zone_of
from ..content import render as render_content
from ..models import Audience, Campaign, Touchpoint
from ..wishes import campaign_wish, wished_plan
from .pages import find_campaign, render, require

# Only the message's own inline styles and pictures of this site; no script, no form, no request elsewhere.
FRAME_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'self'; sandbox"
MOST_PEOPLE = 12


def preview(request: HttpRequest, pk: int) -> HttpResponse:
    require(request, "view")
    campaign = find_campaign(pk)
    choice = _chosen(request, campaign)
    content, problem = _composed(choice)
    context = {
        "choice": choice,
        "content": content,
        "problem": problem,
        "query": choice.query,
        "people": _people(choice, request.GET.get("q", "")) if choice.spot else [],
        "searched": request.GET.get("q", ""),
        "languages": settings.LANGUAGES,
        "picked_language": request.GET.get("lang", ""),
        "sms": measure(content.text) if content and choice.kind == ChannelKind.SMS else None,
    }
    return render(request, "preview.html", title=_("Preview of the messages"), campaign=campaign, **context)


@xframe_options_sameorigin
def preview_html(request: HttpRequest, pk: int) -> HttpResponse:
    """The HTML part alone, for the sandboxed frame of the page."""
    require(request, "view")
    content, problem = _composed(_chosen(request, find_campaign(pk)))
    if content is None:
        raise Http404(problem)
    return HttpResponse(content.html, headers={"Content-Security-Policy": FRAME_POLICY})


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What the planner picked; `spot` is None where the plan has nothing to show."""

    campaign: Campaign
    board: Board
    spot: Spot | None
    column: Column | None
    contact: Contact | None
    language: str

    @property
    def kind(self) -> str:
        return self.column.channel.kind if self.column else ""

    @property
    def invites(self) -> bool:
        return self.spot is not None and self.spot.invites and self.kind in MAIL_KINDS

    @property
    def attaches_maintnote(self) -> bool:
        return self.spot is not None and self.spot.attaches_maintnote and self.kind in MAIL_KINDS

    @property
    def query(self) -> str:
        """The choice as the address of its frame."""
        chosen = {
            "spot": self.spot.name if self.spot else "",
            "to": self.contact.pk if self.contact else "",
            "lang": self.language,
        }
        return urlencode(chosen)

    @property
    def touchpoint(self) -> Touchpoint:
        """The saved one, or one as the plan would make it."""
        assert self.spot is not None
        assert self.column is not None
        if self.spot.touchpoint is not None:
            self.spot.touchpoint.campaign = self.campaign
            return self.spot.touchpoint
        return Touchpoint(
            campaign=self.campaign,
            step_key=self.spot.step_key,
            occurrence=self.spot.occurrence,
            segment=self.column.segment,
            channel=self.column.channel,
            audience=Audience.SEGMENT if self.column.segment else Audience.CHANNEL,
            content_key=self.spot.content_key,
            revision=self.campaign.window.revision,
            due_at=self.spot.due_at,
        )


def _chosen(request: HttpRequest, campaign: Campaign) -> Choice:
    board = _board(campaign)
    spots = {cell.spot.name: cell.spot for cell in board.cells}
    spot = (
        spots.get(request.GET.get("spot", ""))
        or next((cell.spot for cell in board.leaving), None)
        or next(iter(spots.values()), None)
    )
    column = board.column_of(spot) if spot else None
    contact = _contact(request.GET.get("to", ""), column)
    language = request.GET.get("lang", "")
    if language not in dict(settings.LANGUAGES):
        language = language_of(contact, campaign.window)
    return Choice(campaign=campaign, board=board, spot=spot, column=column, contact=contact, language=language)


def _board(campaign: Campaign) -> Board:
    """The touchpoints of a released campaign; of a draft, those that its release would make."""
    if campaign.released_at is not None:
        return campaign_board(campaign)
    now = timezone.now()
    wish = campaign_wish(campaign, now=now)
    return planned_board(wished_plan(wish, now=now), zone=campaign.window.time_zone, now=now)


def _contact(number: str, column: Column | None) -> Contact | None:
    """The one picked, as long as the message is for them at all; else the first of the segment."""
    if column is None or column.segment is None:
        return None
    people = _people_of(column)
    picked = people.filter(pk=number).first() if number.isdecimal() else None
    return picked or people.first()


def _people_of(column: Column) -> ContactQuerySet:
    """Nobody where the segment's rule is broken, which the board says in words."""
    if column.segment is None or column.reach.problem:
        return Contact.objects.none()
    return column.segment.contacts()


def _people(choice: Choice, searched: str) -> Sequence[Contact]:
    if choice.column is None or choice.column.segment is None:
        return []
    words = Q()
    for word in searched.split():
        words &= Q(name__icontains=word) | Q(email__icontains=word) | Q(organisation__icontains=word)
    return list(_people_of(choice.column).filter(words)[:MOST_PEOPLE])


def _composed(choice: Choice) -> tuple[Content | None, str]:
    if choice.spot is None:
        return None, _("The plan has no touchpoint, so there is nothing to show.")
    if choice.column and choice.column.segment and choice.contact is None:
        return None, choice.column.reach.problem or _("The segment is empty: there is nobody to show the message to.")
    window = choice.campaign.window
    asked: dict[str, Any] = {"language": choice.language, "zone": zone_of(choice.contact, window)}
    try:
        return render_content(touchpoint=choice.touchpoint, contact=choice.contact, **asked), ""
    except ContentError as error:
        return None, str(error)
