"""What differs between two states of a row. Pure: a state is a mapping of names to JSON values."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

State = Mapping[str, Any]
Changes = dict[str, list[Any]]  # the name of a field to [before, after]

HIDDEN: list[Any] = []  # in place of the two values: it changed, and nobody is told from what to what


def differences(before: State, after: State, *, hidden: Iterable[str] = ()) -> Changes:
    """What differs, in the order of the fields; an absent field counts as empty."""
    secret = set(hidden)
    pairs = ((name, before.get(name), after.get(name)) for name in {**before, **after})
    return {name: list(HIDDEN) if name in secret else [was, now] for name, was, now in pairs if was != now}


def row_changes(
    before: Mapping[int, State], after: Mapping[int, State], *, hidden: Iterable[str] = ()
) -> Iterator[tuple[int, str, Changes]]:
    """The number, the deed (added, changed, removed) and the changes of each row of a table that differs."""
    secret = tuple(hidden)
    for pk in {**before, **after}:
        found = differences(before.get(pk, {}), after.get(pk, {}), hidden=secret)
        if pk not in before:
            yield pk, "added", {name: pair for name, pair in found.items() if not pair or pair[1] not in ("", None, [], {})}
        elif pk not in after:
            yield pk, "removed", {}
        elif found:
            yield pk, "changed", found
