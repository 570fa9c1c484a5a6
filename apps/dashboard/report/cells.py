"""What the tables of the review have in common."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from apps.campaigns.models import Campaign

from ..metrics.review import Review
from ..stats import Interval, Rate
from ..tables import Cell, Column
from ..wording import number, percent, percent_range, short_instant

UNKNOWN = Cell(text="–", value="")


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What the tables speak of."""

    campaign: Campaign
    review: Review

    def instant(self, at: datetime | None, *, seconds: bool = False) -> Cell:
        if at is None:
            return UNKNOWN
        short = short_instant(at, zone=self.review.schedule.time_zone, seconds=seconds)
        return Cell(text=short.wall, note=short.offset, instant=at)


def count_cell(count: int, url: str = "") -> Cell:
    return Cell(text=number(count), value=count, url=url if count else "")


def rate_columns() -> list[Column]:
    return [
        Column(label=_("Rate"), is_number=True),
        Column(label=_("Interval (95%)"), is_number=True),
        Column(label=_("Of"), is_number=True),
    ]


def rate_cells(rate: Rate, *, note: str = "") -> list[Cell]:
    if rate.share is None or rate.interval is None:
        return [UNKNOWN, UNKNOWN, Cell(text=number(rate.n), value=rate.n, note=note)]
    return [
        Cell(text=percent(rate.share), value=round(rate.share, 5)),
        Cell(text=percent_range(rate.interval), value=limits_value(rate.interval, 5)),
        Cell(text=number(rate.n), value=rate.n, note=note),
    ]


def limits_value(interval: Interval, digits: int) -> str:
    return f"{round(interval.low, digits)}–{round(interval.high, digits)}"
