"""Whose contact each row of a file is, and what becomes of it.

A row is its contact's by e-mail; else by phone. A row with a new e-mail takes over a contact of the same phone only where
that one has no e-mail yet: people of one firm share a switchboard. An empty cell leaves what is known. Archived contacts
stay archived.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext as _

from apps.common.sheets import Row

from .columns import Fault
from .erasing import Address, refused
from .models import AddressKind, Contact

FIELDS = ("name", "email", "phone", "organisation", "time_zone", "language", "is_internal", "attributes")

Stored = dict[str, Any]


class Outcome(StrEnum):
    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    ARCHIVED = "archived"


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A row that can be understood."""

    row: Row
    values: dict[str, Any]

    @property
    def email(self) -> str:
        return str(self.values.get("email", ""))

    @property
    def phone(self) -> str:
        return str(self.values.get("phone", ""))


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What becomes of a row, or the fault that keeps it out; `contact_id` is None for a new contact."""

    candidate: Candidate
    outcome: Outcome | None = None
    contact_id: int | None = None
    fault: Fault | None = None


class Matcher:
    """Decides about the rows of one file, some at a time. Nothing is written before it has seen them all, so that their
    order means nothing; of rows of the same contact the first counts."""

    def __init__(self) -> None:
        self._lines: dict[str, int] = {}  # the first of each address
        self._claimed: dict[int, int] = {}  # the first of each contact

    def decide(self, candidates: Sequence[Candidate]) -> Iterator[Decision]:
        by_email = stored("email", {candidate.email for candidate in candidates})
        by_phone = stored("phone", {candidate.phone for candidate in candidates if candidate.email not in by_email})
        erased = refused(address_of(candidate.values) for candidate in candidates)
        for candidate in candidates:
            found = by_email.get(candidate.email) or _by_phone(candidate, by_phone)
            yield self._repeated(candidate) or _erased(candidate, erased) or self._matched(candidate, found)

    def _repeated(self, candidate: Candidate) -> Decision | None:
        line = candidate.row.line
        first = self._lines.setdefault(candidate.email or candidate.phone, line)
        if first == line:
            return None
        column, value = ("email", candidate.email) if candidate.email else ("phone", candidate.phone)
        return _refused(candidate, column, value, _("The same contact already stands on line %(line)s.") % {"line": first})

    def _matched(self, candidate: Candidate, matches: Sequence[Stored]) -> Decision:
        if len(matches) > 1:
            sentence = _("%(count)s contacts have this phone; add the e-mail to say which is meant.") % {"count": len(matches)}
            return _refused(candidate, "phone", candidate.phone, sentence)
        if not matches:
            return Decision(candidate=candidate, outcome=Outcome.NEW)
        (contact,) = matches
        first = self._claimed.setdefault(contact["pk"], candidate.row.line)
        if first != candidate.row.line:
            sentence = _("This is the same contact as on line %(line)s.") % {"line": first}
            return _refused(candidate, "phone", candidate.phone, sentence)
        return Decision(candidate=candidate, outcome=compared(contact, candidate.values), contact_id=contact["pk"])


def stored(name: str, keys: set[Any], *, lock: bool = False) -> dict[Any, list[Stored]]:
    """What is stored under these keys of the field `name`; locked, it is held until the transaction ends."""
    rows = Contact.objects.order_by("pk").filter(**{f"{name}__in": keys - {"", None}})
    rows = rows.select_for_update() if lock else rows
    found = defaultdict(list)
    for row in rows.values("pk", "archived_at", *FIELDS):
        found[row[name]].append(row)
    return dict(found)


def address_of(values: dict[str, Any]) -> Address:
    """By which a row is its contact's."""
    email = values.get("email", "")
    return (AddressKind.EMAIL.value, email) if email else (AddressKind.PHONE.value, values.get("phone", ""))


def compared(contact: Stored, values: dict[str, Any]) -> Outcome:
    if contact["archived_at"]:
        return Outcome.ARCHIVED
    return Outcome.UNCHANGED if merged(contact, values) == contact else Outcome.CHANGED


def merged(contact: Stored, values: dict[str, Any]) -> Stored:
    facts = {name.removeprefix("attributes."): value for name, value in values.items() if name.startswith("attributes.")}
    fields = {name: value for name, value in values.items() if not name.startswith("attributes.")}
    return {**contact, **fields, "attributes": {**contact["attributes"], **facts}}


def _by_phone(candidate: Candidate, by_phone: dict[str, list[Stored]]) -> list[Stored]:
    rows = by_phone.get(candidate.phone, []) if candidate.phone else []
    without_email = [row for row in rows if not row["email"]]
    if candidate.email:
        return without_email if len(without_email) == 1 else []
    return without_email or rows


def _erased(candidate: Candidate, erased: set[Address]) -> Decision | None:
    kind, value = address_of(candidate.values)
    if (kind, value) not in erased:
        return None
    sentence = _("This person was erased on request. If they want to be told again, enter them by hand.")
    return _refused(candidate, kind, value, sentence)


def _refused(candidate: Candidate, column: str, value: str, sentence: str) -> Decision:
    return Decision(candidate=candidate, fault=Fault(column=column, value=value, sentence=sentence))
