"""Findings as a page shows them: by where their cause lies, and by name what was looked at."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .findings import Finding, Level, Place
from .names import PLACES, RULES
from .rules import Code

ABOUT_THE_TIME = (Code.NOTICE, Code.OVERLAP, Code.BLACKOUT, Code.HOLIDAY)


@dataclass(frozen=True, kw_only=True)
class Group:
    place: str
    name: str
    findings: Sequence[Finding]


@dataclass(frozen=True, kw_only=True)
class Report:
    findings: Sequence[Finding]

    @property
    def groups(self) -> list[Group]:
        return self._groups(list(Place))

    @property
    def groups_without_a_field(self) -> list[Group]:
        """What no field of a window's form causes; all else stands beside its field."""
        return self._groups((Place.AUDIENCE, Place.CHANNELS))

    @property
    def wants_another_time(self) -> bool:
        """An SMS that is moved ahead of the night is as it should be; one that can no longer be is not."""
        return any(
            finding.code in ABOUT_THE_TIME or (finding.code == Code.QUIET_HOURS and finding.level != Level.HINT)
            for finding in self.findings
        )

    @property
    def stops(self) -> int:
        return self._count(Level.STOP)

    @property
    def warnings(self) -> int:
        return self._count(Level.WARN)

    @property
    def hints(self) -> int:
        return self._count(Level.HINT)

    @property
    def rules(self) -> list[str]:
        return [str(name) for name in RULES.values()]

    def _count(self, level: Level) -> int:
        return sum(finding.level == level for finding in self.findings)

    def _groups(self, places: Iterable[Place]) -> list[Group]:
        found = {place: [finding for finding in self.findings if finding.where == place] for place in places}
        return [Group(place=place, name=str(PLACES[place]), findings=rows) for place, rows in found.items() if rows]
