"""The choices that the log offers, each with how many deliveries it leaves."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from apps.campaigns.models import Touchpoint
from apps.delivery.models import DeliveryState
from apps.delivery.reasons import sentence
from apps.delivery.tallies import Tally

from ..moments import moment_label
from .choices import Choice, moment_name
from .rows import by_error, by_reason


@dataclass(frozen=True, kw_only=True)
class Option:
    key: str
    label: str
    number: int
    is_chosen: bool
    url: str


@dataclass(frozen=True, kw_only=True)
class Figures:
    """`total`: how many rows the choice leaves; None where only the rows themselves could tell (a search)."""

    total: int | None
    states: Sequence[Option]
    moments: Sequence[tuple[str, str]]
    segments: Sequence[tuple[str, str]]
    channels: Sequence[tuple[str, str]]
    reasons: Sequence[Option]
    errors: Sequence[Option]


def figures(choice: Choice, touchpoints: Mapping[int, Touchpoint], counts: Mapping[int, Tally], *, language: str) -> Figures:
    """Two queries, none of which reads what was simply sent."""
    narrowed = choice.narrowed(list(touchpoints.values()))
    states: Counter[str] = Counter()
    for row in narrowed:
        states.update(counts.get(row.pk, {}))
    written = [row for row in touchpoints.values() if counts.get(row.pk)]
    reasons = [
        _option(choice, "why", group.key, sentence(group.key), group.number) for group in by_reason(narrowed, choice.state)
    ]
    errors = [_option(choice, "error", group.key, group.key, group.number) for group in by_error(narrowed, choice)]
    return Figures(
        total=_total(choice, states, reasons, errors),
        states=[
            _option(choice, "state", "", "", states.total()),
            *(_option(choice, "state", state.value, str(state.label), states[state]) for state in DeliveryState if states[state]),
        ],
        moments=_pairs((moment_name(row), moment_label(row, language=language)) for row in written),
        segments=_pairs((str(row.segment_id), str(row.segment)) for row in written if row.segment),
        channels=_pairs((str(row.channel_id), str(row.channel)) for row in written),
        reasons=reasons,
        errors=errors,
    )


def _total(choice: Choice, states: Counter[str], reasons: Iterable[Option], errors: Iterable[Option]) -> int | None:
    if choice.q:
        return None
    if choice.error:
        return next((option.number for option in errors if option.is_chosen), None)
    if choice.why:
        return next((option.number for option in reasons if option.is_chosen), 0)
    return states[choice.state] if choice.state else states.total()


def _option(choice: Choice, name: str, key: str, label: str, number: int) -> Option:
    is_chosen = getattr(choice, name) == key
    url = choice.with_(**{name: "" if is_chosen else key})
    return Option(key=key, label=label, number=number, is_chosen=is_chosen, url=url)


def _pairs(found: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return list(dict.fromkeys(found))
