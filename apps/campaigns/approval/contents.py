"""What a second person approves, as digests item by item: equal digests mean that recipients get what was approved.

The look (logo, colours) is not among it, nor what running the work leads to: start, extension, completion and corrections
are facts that nobody should have to wait for.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Any

from django.db.models import Model

from apps.audiences.models import Segment
from apps.channels.models import Channel
from apps.windows.models import MaintenanceWindow

from ..content.choice import Use
from ..models import Anchor, Campaign, MessageTemplate, TouchpointText
from ..planner import PlanStep
from ..plans import campaign_steps


class Part(StrEnum):
    TIMES = "times"
    DETAILS = "details"
    TEXTS = "texts"
    PLAN = "plan"
    CONTENT = "content"
    AUDIENCE = "audience"
    CHANNELS = "channels"


# Moving a window that has been announced is an act with a reason of its own, told at once to those who know the old times.
FREE_ONCE_RELEASED = (Part.TIMES,)
TEXTS = ("title", "reason", "effect", "alternatives")
# Facts about steps that are not the planner's word, or follow from the channel.
NOT_APPROVED = ("step_id", "owner_id", "channel_enabled", "channel_has_quiet_hours", "label", "is_own")


@dataclass(frozen=True, kw_only=True)
class Item:
    """One thing that can be edited; `about` names it for people, `subject` is its row as the audit trail names it."""

    part: str
    about: str
    digest: str
    subject: str


@dataclass(frozen=True, kw_only=True)
class Contents:
    """By a key that stays the same while an item is edited."""

    items: Mapping[str, Item]

    @property
    def digest(self) -> str:
        return _digest({key: item.digest for key, item in self.items.items()})

    def as_json(self) -> dict[str, dict[str, str]]:
        return {key: asdict(item) for key, item in self.items.items()}

    @classmethod
    def from_json(cls, kept: Mapping[str, Mapping[str, str]]) -> "Contents":
        return cls(items={key: Item(**values) for key, values in kept.items()})


def contents_of(campaign: Campaign, asked: Sequence[PlanStep] | None = None) -> Contents:
    """As it stands now, or with the steps that are `asked` of its plan; a fixed number of queries, however long that is."""
    window, steps = campaign.window, campaign_steps(campaign) if asked is None else asked
    segments = Segment.objects.in_bulk({step.segment_id for step in steps if step.segment_id is not None})
    channels = Channel.objects.in_bulk({step.channel_id for step in steps})
    items = {
        **_of_window(window),
        **_of_plan(campaign, steps, segments, channels),
        **_of_content(steps, channels),
        **_of_own_texts(campaign),
        **{f"audience/{row.pk}": _item(Part.AUDIENCE, row.name, row, row.rule) for row in segments.values()},
        **{f"channels/{row.pk}": _item(Part.CHANNELS, row.name, row, row.kind) for row in channels.values()},
    }
    return Contents(items=items)


def differing(approved: Contents, current: Contents, *, released: bool) -> list[str]:
    """The keys of what is not as it was approved, in the order of the parts."""
    keys = [*approved.items, *(key for key in current.items if key not in approved.items)]
    return [key for key in keys if _differs(approved.items.get(key), current.items.get(key), released=released)]


def _differs(before: Item | None, after: Item | None, *, released: bool) -> bool:
    item = after or before
    if released and item is not None and item.part in FREE_ONCE_RELEASED:
        return False
    return before is None or after is None or before.digest != after.digest


def _of_window(window: MaintenanceWindow) -> dict[str, Item]:
    times = [window.starts_at.isoformat(), window.ends_at.isoformat(), window.announced_ends_at.isoformat(), window.time_zone]
    services = sorted(service.slug for service in window.services.all())
    details = [window.impact, window.heavy_traffic, window.starts_automatically, window.language, services]
    items = {
        "times": _item(Part.TIMES, "", window, times),
        "details": _item(Part.DETAILS, "", window, details),
        f"texts/{window.language}": _item(Part.TEXTS, window.language, window, _texts(window)),
    }
    further = [row for row in window.translations.all() if row.language != window.language and any(_texts(row))]
    return items | {f"texts/{row.language}": _item(Part.TEXTS, row.language, window, _texts(row)) for row in further}


def _texts(row: Any) -> list[str]:
    return [getattr(row, name) for name in TEXTS]


def _of_plan(
    campaign: Campaign, steps: Sequence[PlanStep], segments: Mapping[int, Segment], channels: Mapping[int, Channel]
) -> dict[str, Item]:
    """Each planned cell, whether the playbook has it or somebody set it by hand."""
    items: dict[str, Item] = {}
    for step in steps:
        values = {name: value for name, value in asdict(step).items() if name not in NOT_APPROVED}
        who = segments[step.segment_id].name if step.segment_id is not None else ""
        about = " · ".join(filter(None, (step.label or step.key, who, channels[step.channel_id].name)))
        items[f"plan/{step.key}/{step.segment_id or ''}/{step.channel_id}"] = _item(Part.PLAN, about, campaign.playbook, values)
    return items


def _of_content(steps: Iterable[PlanStep], channels: Mapping[int, Channel]) -> dict[str, Item]:
    """Every text that some recipient of the plan may get."""
    uses = {
        Use(
            content_key=step.content_key,
            channel_kind=channels[step.channel_id].kind,
            segment_id=step.segment_id,
            urgency=step.urgency,
        )
        for step in steps
    }
    rows = MessageTemplate.objects.active().filter(content_key__in={use.content_key for use in uses}).order_by("pk")
    chosen = (row for row in rows if any(_fits(row, use) for use in uses))
    return {f"content/{row.pk}": _item(Part.CONTENT, _text_name(row), row, [row.subject, row.body]) for row in chosen}


def _of_own_texts(campaign: Campaign) -> dict[str, Item]:
    """What single touchpoints say in place of the template; updates while the work runs are written as it goes."""
    rows = TouchpointText.objects.filter(touchpoint__campaign=campaign).exclude(touchpoint__step__anchor=Anchor.DURING)
    return {
        f"content/own/{row.touchpoint_id}/{row.language}": _item(
            Part.CONTENT, f"{row.touchpoint.step_key} ({row.language})", row.touchpoint, [row.subject, row.body]
        )
        for row in rows.select_related("touchpoint").order_by("pk")
    }


def _fits(row: MessageTemplate, use: Use) -> bool:
    is_about_it = row.content_key == use.content_key and row.channel_kind in use.kinds
    return is_about_it and row.urgency in (use.urgency, "") and row.segment_id in (None, use.segment_id)


def _text_name(row: MessageTemplate) -> str:
    return f"{row.content_key} ({', '.join(filter(None, (row.language, row.channel_kind)))})"


def _item(part: Part, about: str, subject: Model, values: Any) -> Item:
    return Item(part=part, about=about, digest=_digest(values), subject=f"{subject._meta.label_lower}:{subject.pk}")


def _digest(values: Any) -> str:
    return sha256(json.dumps(values, sort_keys=True, default=str, ensure_ascii=False).encode()).hexdigest()


def subjects(items: Iterable[Item]) -> Iterator[tuple[str, str]]:
    """The rows behind `items`, as the audit trail names them."""
    for item in items:
        kind, _, number = item.subject.partition(":")
        yield kind, number
