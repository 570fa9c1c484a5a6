"""What stands in the trail, as people read it: names instead of columns, labels instead of codes, times with their zone."""

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.apps import apps
from django.db import models
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from apps.common.times import format_day, format_duration, format_instant

from . import deeds

NOTHING = "–"
LONG = 80  # a text of more signs is compared word by word
MOST_TOKENS = 4000  # beyond, line by line
KEPT_AROUND = 8  # tokens of what stayed that are shown beside what changed


@dataclass(frozen=True, kw_only=True)
class Reader:
    """For whom it is put into words."""

    zone: str
    language: str

    def instant(self, at: datetime) -> str:
        return format_instant(at, zone=self.zone, language=self.language)


@dataclass(frozen=True, kw_only=True)
class Part:
    """A piece of a long text: `sign` is empty where it stayed, “-” where it went, “+” where it came."""

    sign: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One field; `parts` where both are long texts, neither value where the trail keeps none."""

    label: str
    before: str = ""
    after: str = ""
    parts: Sequence[Part] = ()
    is_hidden: bool = False


def model_of(label: str) -> type[models.Model] | None:
    try:
        return apps.get_model(label)
    except (LookupError, ValueError):
        return None  # recorded by a version that had it


def kind_words(label: str, *, plural: bool = False) -> str:
    model = model_of(label)
    if model is None:
        return label
    return str(model._meta.verbose_name_plural if plural else model._meta.verbose_name)


def difference(label: str, name: str, pair: Sequence[Any], reader: Reader) -> Difference:
    field = _field(label, name)
    title = capfirst(str(getattr(field, "verbose_name", "") or name.replace("_", " ")))
    if len(pair) != 2:
        return Difference(label=title, is_hidden=True)
    before, after = (value_words(label, name, value, reader) for value in pair)
    if max(len(before), len(after)) > LONG and NOTHING not in (before, after):
        return Difference(label=title, before=before, after=after, parts=list(_compared(before, after)))
    return Difference(label=title, before=before, after=after)


def value_words(label: str, name: str, value: Any, reader: Reader) -> str:
    own = deeds.value_words(label, name)
    field = _field(label, name)
    if value in ([], {}):
        return NOTHING
    if value in (None, ""):
        return str(dict(getattr(field, "flatchoices", ())).get(value, "")) or NOTHING
    if own is not None:
        return own(value)
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(field, models.DateTimeField | models.DateField) and isinstance(value, str):
        return _time_words(value, reader)
    if isinstance(field, models.DurationField) and isinstance(value, int | float):
        return format_duration(timedelta(seconds=value), language=reader.language)
    if getattr(field, "flatchoices", None) and not isinstance(value, list | dict):
        return str(dict(field.flatchoices).get(value, value))
    return _plain(value, field)


def _plain(value: Any, field: Any) -> str:
    if isinstance(value, dict) and value.keys() == {"id", "name"}:
        return value["name"] or f"{field.related_model._meta.verbose_name} {value['id']}"
    if isinstance(value, dict):
        return "\n".join(f"{key}: {_plain(each, field)}" for key, each in value.items())
    if isinstance(value, list):
        return ", ".join(_plain(each, field) for each in value)
    return str(value)


def _time_words(value: str, reader: Reader) -> str:
    try:
        if "T" in value or " " in value:
            return reader.instant(datetime.fromisoformat(value))
        return format_day(date.fromisoformat(value), language=reader.language)
    except ValueError:  # naive, or no time at all: older than this way of keeping them
        return value


def _field(label: str, name: str) -> Any:
    model = model_of(label)
    if model is None:
        return None
    return next((field for field in model._meta.get_fields() if field.name == name), None)


def _compared(before: str, after: str) -> Iterator[Part]:
    was, now = _tokens(before), _tokens(after)
    if len(was) + len(now) > MOST_TOKENS:
        was, now = before.splitlines(keepends=True), after.splitlines(keepends=True)
    for deed, i, j, k, m in difflib.SequenceMatcher(a=was, b=now, autojunk=False).get_opcodes():
        if deed == "equal":
            yield Part(sign="", text=_shortened(was[i:j], is_first=i == 0, is_last=j == len(was)))
            continue
        if i < j:
            yield Part(sign="-", text="".join(was[i:j]))
        if k < m:
            yield Part(sign="+", text="".join(now[k:m]))


def _tokens(text: str) -> list[str]:
    return re.findall(r"\S+\s*|\s+", text)


def _shortened(tokens: Sequence[str], *, is_first: bool, is_last: bool) -> str:
    """What stayed, without what lies far from any change."""
    head = [] if is_first else list(tokens[:KEPT_AROUND])
    tail = [] if is_last else list(tokens[-KEPT_AROUND:])
    if len(tokens) <= len(head) + len(tail):
        return "".join(tokens)
    return "".join([*head, "… ", *tail])
