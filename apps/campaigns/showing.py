"""One message of a campaign as somebody would get it: a recipient, or the worst case of one. Composed by the code that sends."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from urllib.parse import urlencode

from django.db.models import Q
from django.db.models.functions import Length
from django.utils import translation
from django.utils.translation import gettext as _

from apps.audiences.models import Contact, ContactQuerySet
from apps.channels.models import MAIL_KINDS, Channel

from .board import Board, Column, Spot, recipients_of
from .content import Content, ContentError, Material, Reader, gather, language_of, zone_of
from .content.specimens import FARAWAY_ZONE, Specimen, everything_known, nothing_known, sample_reader
from .models import Audience, Campaign, Touchpoint

MOST_PEOPLE = 12


class Extreme(StrEnum):
    """A recipient who does not exist, and shows how far a text can go."""

    FULLEST = "fullest"  # the longest names of the segment; all that may be missing is there
    BAREST = "barest"  # no name; all that may be missing is


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What the planner picked; `spot` is None where the plan has nothing to show."""

    campaign: Campaign
    board: Board
    spot: Spot | None
    column: Column | None
    contact: Contact | None = None
    extreme: Extreme | None = None
    language: str = ""

    @property
    def channel(self) -> Channel | None:
        return self.column.channel if self.column else None

    @property
    def kind(self) -> str:
        return self.channel.kind if self.channel else ""

    @property
    def recipients(self) -> int | None:
        """How many would get it, each in their own words; None where that is known only when it is prepared."""
        return recipients_of(self.spot, self.column) if self.spot and self.column else None

    @property
    def invites(self) -> bool:
        return self.spot is not None and self.spot.invites and self.kind in MAIL_KINDS

    @property
    def attaches_maintnote(self) -> bool:
        return self.spot is not None and self.spot.attaches_maintnote and self.kind in MAIL_KINDS

    @property
    def query(self) -> str:
        """The choice as an address."""
        chosen = {
            "spot": self.spot.name if self.spot else "",
            "to": self.extreme or (self.contact.pk if self.contact else ""),
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
            urgency=self.spot.urgency,
            revision=self.campaign.window.revision,
            due_at=self.spot.due_at,
        )


def chosen(campaign: Campaign, board: Board, *, spot: str, to: str, language: str) -> Choice:
    """What was asked for, as far as it is there; else the first that leaves, and the first of its segment."""
    spots = {cell.spot.name: cell.spot for cell in board.cells}
    found = spots.get(spot) or next((cell.spot for cell in board.leaving), None) or next(iter(spots.values()), None)
    column = board.column_of(found) if found else None
    extreme = Extreme(to) if to in set(Extreme) and column is not None else None
    contact = _contact(to, column) if extreme is None else None
    language = language or language_of(contact, campaign.window)
    return Choice(campaign=campaign, board=board, spot=found, column=column, contact=contact, extreme=extreme, language=language)


def people(choice: Choice, searched: str) -> Sequence[Contact]:
    if choice.column is None or choice.column.segment is None:
        return []
    words = Q()
    for word in searched.split():
        words &= Q(name__icontains=word) | Q(email__icontains=word) | Q(organisation__icontains=word)
    return list(_people_of(choice.column).filter(words)[:MOST_PEOPLE])


def composed(choice: Choice) -> tuple[Content | None, str]:
    """The message, or the sentence that says why there is none."""
    if choice.spot is None:
        return None, _("The plan has no touchpoint, so there is nothing to show.")
    if choice.column and choice.column.segment and choice.contact is None and choice.extreme is None:
        return None, choice.column.reach.problem or _("The segment is empty: there is nobody to show the message to.")
    try:
        material, reader = _material(choice)
        return material.compiled(choice.language, zone_of(reader, choice.campaign.window)).render(reader), ""
    except ContentError as error:
        return None, str(error)


def _material(choice: Choice) -> tuple[Material, Reader | None]:
    material = gather(choice.touchpoint)
    if choice.extreme is None:
        return material, choice.contact
    with translation.override(choice.language):
        known = everything_known if choice.extreme is Extreme.FULLEST else nothing_known
        return replace(material, facts=known(material.facts), compilations={}), _extreme_reader(choice)


def _extreme_reader(choice: Choice) -> Reader | None:
    if choice.column is None or choice.column.segment is None:
        return None
    if choice.extreme is Extreme.BAREST:
        return Specimen(name="", organisation="", language=choice.language)
    sample = sample_reader(choice.language)
    return Specimen(
        name=_longest(choice.column, "name") or sample.name,
        organisation=_longest(choice.column, "organisation") or sample.organisation,
        language=choice.language,
        time_zone=FARAWAY_ZONE,
    )


def _longest(column: Column, field: str) -> str:
    rows = _people_of(column).order_by(Length(field).desc(), "pk")
    return rows.values_list(field, flat=True).first() or ""


def _contact(number: str, column: Column | None) -> Contact | None:
    """The one picked, as long as the message is for them at all; else the first of the segment."""
    if column is None or column.segment is None:
        return None
    everybody = _people_of(column)
    picked = everybody.filter(pk=number).first() if number.isascii() and number.isdecimal() and len(number) < 19 else None
    return picked or everybody.first()


def _people_of(column: Column) -> ContactQuerySet:
    """Nobody where the segment's rule is broken, which the board says in words."""
    if column.segment is None or column.reach.problem:
        return Contact.objects.none()
    return column.segment.contacts()
