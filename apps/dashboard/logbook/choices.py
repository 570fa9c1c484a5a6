"""What a reader of the log has chosen, as it stands in the address of the page."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Self
from urllib.parse import urlencode

from apps.campaigns.models import Touchpoint
from apps.common.text import one_line
from apps.delivery.models import DeliveryState

WHOLE_NUMBER = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Empty: everything. `before` is the delivery behind which the page goes on; `q` is a person or the name of a message."""

    moment: str = ""  # “step key.occurrence”
    segment: str = ""
    channel: str = ""
    touchpoint: str = ""
    state: str = ""
    why: str = ""  # a DeliveryReason
    error: str = ""  # what the provider said, as gists.py puts it
    q: str = ""
    before: str = ""

    @classmethod
    def of(cls, data: Mapping[str, str]) -> Self:
        chosen = {field.name: one_line(str(data.get(field.name, "")))[:200] for field in fields(cls)}
        if chosen["state"] not in DeliveryState.values:
            chosen["state"] = ""
        if not WHOLE_NUMBER.fullmatch(chosen["before"]):
            chosen["before"] = ""
        return cls(**chosen)

    def with_(self, **changes: str) -> str:
        """The address of the page with some of it changed; a change begins at the first page again."""
        chosen = replace(self, **({"before": ""} | changes))
        return "?" + urlencode({field.name: value for field in fields(chosen) if (value := getattr(chosen, field.name))})

    @property
    def query(self) -> str:
        return self.with_()

    @property
    def items(self) -> list[tuple[str, str]]:
        """What has been chosen, for a form that carries it on."""
        return [(field.name, value) for field in fields(self) if field.name != "before" and (value := getattr(self, field.name))]

    @property
    def is_narrowed(self) -> bool:
        return any(getattr(self, field.name) for field in fields(self) if field.name != "before")

    def narrowed(self, touchpoints: Sequence[Touchpoint]) -> list[Touchpoint]:
        """Those of a campaign's touchpoints that moment, column and number leave."""
        return [row for row in touchpoints if self._fits(row)]

    def _fits(self, row: Touchpoint) -> bool:
        wanted = (
            (self.moment, moment_name(row)),
            (self.segment, str(row.segment_id or "")),
            (self.channel, str(row.channel_id)),
            (self.touchpoint, str(row.pk)),
        )
        return all(chosen in ("", own) for chosen, own in wanted)


def moment_name(touchpoint: Touchpoint) -> str:
    return f"{touchpoint.step_key}.{touchpoint.occurrence}"
