"""The zone that a calendar names, in whatever way its program writes it. Pure."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr
from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from apps.common.zones import resolve_wall_time, zone_names

from .lines import Component

_OFFSET = re.compile(r"([+-])(\d{2})(\d{2})(?:\d{2})?\Z", re.ASCII)
_STAMP = re.compile(r"(\d{8})T(\d{6})", re.ASCII)
_UTC_NAMES = {"UTC", "GMT", "Z", "ETC/UTC", "ETC/GMT", "ZULU", "COORDINATED UNIVERSAL TIME"}


@dataclass(frozen=True, kw_only=True)
class Zone:
    """A way from the wall clock to an instant; `name` is the IANA name, or UTC where the zone has none."""

    name: str
    rules: Component | None = None  # VTIMEZONE, where the name alone says nothing

    def instant(self, wall: datetime) -> datetime:
        if self.rules is None:
            return resolve_wall_time(wall, ZoneInfo(self.name)).instant
        return (wall - _offset_at(self.rules, wall)).replace(tzinfo=UTC)


class Zones:
    """The zones one file may name: IANA's, Windows', and those it describes itself."""

    def __init__(self, described: Iterable[Component]) -> None:
        self._described: Mapping[str, Component] = {_text(part, "TZID"): part for part in described}
        self._known: dict[str, Zone | None] = {}

    def find(self, name: str) -> Zone | None:
        """None where nothing tells what is meant."""
        name = name.strip().strip('"')
        if name not in self._known:
            self._known[name] = self._find(name)
        return self._known[name]

    def _find(self, name: str) -> Zone | None:
        if name.upper() in _UTC_NAMES:
            return Zone(name="UTC")
        rules = self._described.get(name)
        for guess in (name, WINDOWS_TO_OLSON.get(name, ""), _text(rules, "X-LIC-LOCATION") if rules else "", *_tails(name)):
            if guess in zone_names():
                return Zone(name=guess)
        return Zone(name="UTC", rules=rules) if rules and _offsets(rules) else None


def _tails(name: str) -> list[str]:
    """“/freeassociation.sourceforge.net/Europe/Paris” ends with the name; so do Mozilla's and Lotus's."""
    parts = name[:200].split("/")
    return ["/".join(parts[-count:]) for count in (3, 2) if len(parts) > count]


def _text(part: Component, name: str) -> str:
    prop = part.first(name)
    return prop.text.strip() if prop else ""


def _offsets(rules: Component) -> list[tuple[Component, timedelta]]:
    found = ((part, _OFFSET.match(_text(part, "TZOFFSETTO"))) for part in rules.parts[:100])
    return [(part, _delta(match)) for part, match in found if match]


def _delta(match: re.Match[str]) -> timedelta:
    size = timedelta(hours=int(match[2]), minutes=int(match[3]))
    return -size if match[1] == "-" else size


def _offset_at(rules: Component, wall: datetime) -> timedelta:
    """Of the part that began last before `wall`; before all of them, of the first."""
    offsets = _offsets(rules)
    begun = [(onset, offset) for part, offset in offsets if (onset := _last_onset(part, wall))]
    return max(begun, key=lambda pair: pair[0])[1] if begun else offsets[0][1]


def _last_onset(part: Component, wall: datetime) -> datetime | None:
    match = _STAMP.match(_text(part, "DTSTART"))
    if not match:
        return None
    try:
        first = datetime.strptime(match[1] + match[2], "%Y%m%d%H%M%S")  # noqa: DTZ007  # a wall clock has no zone
        rule = _text(part, "RRULE").upper()
        if "FREQ=YEARLY" in rule:  # the only honest rhythm of a zone; any other could keep us counting for ever
            onset = rrulestr(re.sub(r"UNTIL=(\d{8}T\d{6})Z", r"UNTIL=\1", rule), dtstart=first).before(wall, inc=True)
            return onset if isinstance(onset, datetime) else None
    except (ValueError, OverflowError, TypeError):
        return None
    return first if first <= wall else None
