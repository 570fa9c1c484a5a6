"""What is kept of a person, room by room. Each room registers what it holds; this one does not know which there are."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils.functional import Promise

from .models import Contact

Fact = Mapping[str, Any]  # JSON, with times as datetimes


@dataclass(frozen=True, kw_only=True)
class Holder:
    name: str  # of its file in an export
    title: str | Promise
    export: Callable[[Contact], Iterable[Fact]]
    erase: Callable[[Contact, datetime], None]  # in the transaction of the erasure, while the contact is still whole
    goes: str | Promise
    stays: str | Promise = ""
    obstacle: Callable[[Contact], str] = lambda contact: ""  # why the person cannot be erased at the moment


_holders: dict[str, Holder] = {}


def register(holder: Holder) -> None:
    _holders[holder.name] = holder


def holders() -> list[Holder]:
    """The highest room first: what refers to a person goes before the person does."""
    return list(reversed(_holders.values()))


def bears(lookup: str, word: str) -> Q:
    """Rows with this word of the person; none for who has no such word, rather than all that have none either."""
    return Q(**{lookup: word}) if word else Q(pk__in=())
