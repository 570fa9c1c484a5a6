"""What a help desk tells of a ticket, checked by the same rules for a webhook's JSON and a CSV row. Asks no database."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from apps.common.text import one_line
from apps.common.zones import resolve_wall_time

TAG_PREFIX = "maint:"
FIELDS = ("id", "opened_at", "subject", "requester_email", "organisation", "status", "tags", "campaign")
LONGEST_SUBJECT = 200
MOST_TAGS = 100
YEARS = range(2000, 2200)  # beyond them a date is a mistake, and arithmetic fails at the ends of the calendar


@dataclass(frozen=True, kw_only=True)
class TicketFacts:
    external_id: str
    opened_at: datetime
    subject: str = ""
    requester_email: str = ""
    organisation: str = ""
    status: str = ""
    tags: tuple[str, ...] = ()
    campaign: str = ""  # the window's uid or the campaign's number; empty: not named


@dataclass(frozen=True, kw_only=True)
class FieldProblem:
    field: str
    expected: str


class BadTicket(Exception):
    def __init__(self, problems: list[FieldProblem]) -> None:
        super().__init__("; ".join(f"{problem.field}: expected {problem.expected}" for problem in problems))
        self.problems = problems


class _Unexpected(Exception):
    """A field is not what it should be; the text says what was expected."""


def parse_ticket(fields: Mapping[str, Any], *, zone: ZoneInfo | None = None) -> TicketFacts:
    """Raises BadTicket with every problem at once. `zone`: where times without an offset are meant; None refuses them.

    Fields that are not known are ignored: help desks send more than is asked for.
    """
    problems: list[FieldProblem] = []

    def read(name: str, cast: Callable[[Any], Any]) -> Any:
        try:
            return cast(fields.get(name))
        except _Unexpected as error:
            problems.append(FieldProblem(field=name, expected=str(error)))
            return None

    values = {
        "external_id": read("id", _identity),
        "opened_at": read("opened_at", lambda value: _instant(value, zone)),
        "subject": read("subject", _text_up_to(LONGEST_SUBJECT, cut=True)),
        "requester_email": read("requester_email", _email),
        "organisation": read("organisation", _text_up_to(120)),
        "status": read("status", _text_up_to(40)),
        "tags": read("tags", _tags),
        "campaign": read("campaign", _campaign),
    }
    if problems:
        raise BadTicket(problems)
    return TicketFacts(**values)


def _identity(value: Any) -> str:
    text = one_line(str(value)) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if not 1 <= len(text) <= 100:
        raise _Unexpected(_("the ticket's number or name, 1 to 100 characters"))
    return text


def _instant(value: Any, zone: ZoneInfo | None) -> datetime:
    example = _("an ISO 8601 time such as 2026-03-02T09:30:00Z")
    if not isinstance(value, str) or "T" not in value.strip().replace(" ", "T", 1):
        raise _Unexpected(example)
    try:
        at = datetime.fromisoformat(value.strip())
    except ValueError:
        raise _Unexpected(example) from None
    if at.year not in YEARS:
        raise _Unexpected(example)
    if at.tzinfo is None:
        if zone is None:
            raise _Unexpected(_("an ISO 8601 time with its offset from UTC, such as 2026-03-02T09:30:00Z"))
        return resolve_wall_time(at, zone).instant
    return at


def _text_up_to(longest: int, *, cut: bool = False) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        expected = _("a text of up to %(longest)s characters") % {"longest": longest}
        text = _plain(value, expected)
        if len(text) > longest and not cut:
            raise _Unexpected(expected)
        return text[:longest]

    return read


def _email(value: Any) -> str:
    text = _plain(value, _("an e-mail address such as cem@example.org, or nothing")).lower()
    try:
        if text:
            validate_email(text)
    except ValidationError:
        raise _Unexpected(_("an e-mail address such as cem@example.org, or nothing")) from None
    return text


def _tags(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    if (
        not isinstance(value, list)
        or len(value) > MOST_TAGS
        or not all(isinstance(tag, str) and len(tag) <= 100 for tag in value)
    ):
        raise _Unexpected(_("a list of up to %(most)s texts of up to 100 characters") % {"most": MOST_TAGS})
    return tuple(tag for each in value if (tag := one_line(each)))


def _campaign(value: Any) -> str:
    return _plain(str(value) if type(value) is int else value, _("the window's uid or the campaign's number"))


def _plain(value: Any, expected: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _Unexpected(expected)
    return one_line(value)
