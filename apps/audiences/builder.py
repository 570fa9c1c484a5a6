"""A segment's rule as lines of a form, and back: groups of conditions, one level deep.

What a form of groups cannot show stays JSON: deeper nesting, and texts with the sign that separates values. Pure; nothing is
checked here that `rules.parse` checks.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from .rules import All, Any_, Condition, Not, Op, Rule

SEPARATOR = ";"  # between several values; a comma stands in many names of firms


class Ask(StrEnum):
    """What a line asks of its field; some of it is the opposite of an operator."""

    IS = "is"
    IS_NOT = "is_not"
    IN = "in"
    NOT_IN = "not_in"
    CONTAINS = "contains"
    NOT_CONTAINS = "not_contains"
    STARTS_WITH = "starts_with"
    NOT_STARTS_WITH = "not_starts_with"
    KNOWN = "known"
    UNKNOWN = "unknown"
    COLLEAGUE = "colleague"
    CUSTOMER = "customer"


OPPOSITES = {Ask.NOT_IN: Op.IN, Ask.NOT_CONTAINS: Op.CONTAINS, Ask.NOT_STARTS_WITH: Op.STARTS_WITH}
WITHOUT_VALUE = (Ask.KNOWN, Ask.UNKNOWN, Ask.COLLEAGUE, Ask.CUSTOMER)
ABOUT_KIND = (Ask.COLLEAGUE, Ask.CUSTOMER)
KIND = "is_internal"


class Join(StrEnum):
    ALL = "all"
    ANY = "any"
    NONE = "none"  # of a group only


@dataclass(frozen=True, kw_only=True)
class Line:
    field: str = "language"
    ask: Ask = Ask.IS
    value: str = ""


@dataclass(frozen=True, kw_only=True)
class Group:
    join: Join = Join.ALL
    lines: tuple[Line, ...] = (Line(),)


@dataclass(frozen=True, kw_only=True)
class Blocks:
    """`join` holds between the groups. Without a group: everybody."""

    join: Join = Join.ALL
    groups: tuple[Group, ...] = ()


class TooDeep(Exception):
    """The rule is more than the form can show."""


def blocks_of(rule: Rule) -> Blocks:
    """Raises TooDeep."""
    match rule:
        case All(parts=()):
            return Blocks()
        case All(parts=parts) | Any_(parts=parts):
            join = Join.ALL if isinstance(rule, All) else Join.ANY
            return _only_group(join, parts) or Blocks(join=join, groups=tuple(_gathered(join, parts)))
        case _:
            return Blocks(groups=(_group(rule),))


def rule_of(blocks: Blocks) -> dict[str, Any]:
    """As `rules.parse` takes it; groups without a line are passed over."""
    groups = [group for group in blocks.groups if group.lines]
    if len(groups) == 1 and groups[0].join != Join.NONE:
        return {groups[0].join.value: [_condition(line) for line in groups[0].lines]}
    parts: list[dict[str, Any]] = []
    for group in groups:
        inner = [_condition(line) for line in group.lines]
        if group.join == blocks.join:
            parts += inner
        elif group.join == Join.NONE:
            parts.append({"not": {"any": inner}})
        else:
            parts.append(inner[0] if len(inner) == 1 else {group.join.value: inner})
    return {blocks.join.value: parts}


def with_line(blocks: Blocks, place: int) -> Blocks:
    """One more line in the group at `place`; a group of its own where there is none."""
    if not 0 <= place < len(blocks.groups):
        return replace(blocks, groups=(*blocks.groups, Group()))
    groups = list(blocks.groups)
    groups[place] = replace(groups[place], lines=(*groups[place].lines, Line()))
    return replace(blocks, groups=tuple(groups))


def without_line(blocks: Blocks, place: int, line: int) -> Blocks:
    """A group goes with its last line."""
    groups = list(blocks.groups)
    if 0 <= place < len(groups):
        rest = tuple(one for number, one in enumerate(groups[place].lines) if number != line)
        groups[place : place + 1] = [replace(groups[place], lines=rest)] if rest else []
    return replace(blocks, groups=tuple(groups))


def blocks_posted(data: Mapping[str, Any], prefix: str) -> Blocks:
    """What a form sends: `<prefix>-<group>-join` and `<prefix>-<group>-<line>-field`, `-attribute`, `-ask`, `-value`."""
    found: dict[int, dict[int, Line]] = {}
    joins: dict[int, Join] = {}
    for name in data:
        head, *places = name.removeprefix(f"{prefix}-").split("-")
        if not name.startswith(f"{prefix}-") or not head.isdecimal() or not places:
            continue
        if places == ["join"]:
            joins[int(head)] = _known(Join, data[name], Join.ALL)
        elif len(places) == 2 and places[0].isdecimal() and places[1] == "field":
            line = _posted_line(data, f"{prefix}-{head}-{places[0]}")
            found.setdefault(int(head), {})[int(places[0])] = line
    groups = tuple(
        Group(join=joins.get(number, Join.ALL), lines=tuple(line for _place, line in sorted(lines.items())))
        for number, lines in sorted(found.items())
    )
    return Blocks(join=_known(Join, data.get(f"{prefix}-join"), Join.ALL), groups=groups)


def _posted_line(data: Mapping[str, Any], name: str) -> Line:
    field = str(data.get(f"{name}-field", ""))
    if field == "attribute":
        field = f"attributes.{str(data.get(f'{name}-attribute', '')).strip()}"
    ask = _known(Ask, data.get(f"{name}-ask"), Ask.IS)
    if field == KIND and ask not in ABOUT_KIND:
        ask = Ask.COLLEAGUE
    elif field != KIND and ask in ABOUT_KIND:
        ask = Ask.IS
    return Line(field=field, ask=ask, value=str(data.get(f"{name}-value", "")).strip())


def _known(kind: Any, value: Any, otherwise: Any) -> Any:
    return kind(value) if value in tuple(kind) else otherwise


def _only_group(join: Join, parts: Sequence[Rule]) -> Blocks | None:
    lines = [_line(part) for part in parts]
    return Blocks(groups=(Group(join=join, lines=tuple(line for line in lines if line)),)) if all(lines) else None


def _gathered(join: Join, parts: Iterable[Rule]) -> Iterable[Group]:
    """Lines that stand side by side share a group of their parent's join."""
    waiting: list[Line] = []
    for part in parts:
        if line := _line(part):
            waiting.append(line)
            continue
        if waiting:
            yield Group(join=join, lines=tuple(waiting))
            waiting = []
        yield _group(part)
    if waiting:
        yield Group(join=join, lines=tuple(waiting))


def _group(rule: Rule) -> Group:
    match rule:
        case All(parts=parts) if parts:
            return Group(join=Join.ALL, lines=_lines(parts))
        case Any_(parts=parts):
            return Group(join=Join.ANY, lines=_lines(parts))
        case Not(part=Any_(parts=parts)):
            return Group(join=Join.NONE, lines=_lines(parts))
        case Condition() | Not(part=Condition()):
            line = _line(rule)
            return Group(lines=(line,)) if line else Group(join=Join.NONE, lines=_lines([rule.part]))  # type: ignore[union-attr]
        case _:
            raise TooDeep


def _lines(parts: Iterable[Rule]) -> tuple[Line, ...]:
    lines = [_line(part) for part in parts]
    if not all(lines):
        raise TooDeep
    return tuple(line for line in lines if line)


def _line(rule: Rule) -> Line | None:
    match rule:
        case Condition(field=field, op=op, value=bool(value)) if field == KIND:
            return Line(field=field, ask=Ask.COLLEAGUE if value is (op is Op.IS) else Ask.CUSTOMER)
        case Condition(field=field, op=Op.EXISTS, value=value):
            return Line(field=field, ask=Ask.KNOWN if value else Ask.UNKNOWN)
        case Condition(field=field, op=op, value=value):
            return Line(field=field, ask=Ask(op.value), value=_typed(value))
        case Not(part=Condition(field=field, op=op, value=value)) if op in OPPOSITES.values() and field != KIND:
            return Line(field=field, ask=Ask(f"not_{op.value}"), value=_typed(value))
        case _:
            return None


def _typed(value: object) -> str:
    """As a person would type it; what would be read otherwise than it was meant is left to JSON."""
    if isinstance(value, tuple):
        if any(SEPARATOR in one or one != one.strip() for one in value):
            raise TooDeep
        return f"{SEPARATOR} ".join(value)
    if str(value) != str(value).strip():
        raise TooDeep
    return str(value)


def _condition(line: Line) -> dict[str, Any]:
    if line.ask in ABOUT_KIND:
        return {"field": KIND, "op": "is", "value": line.ask == Ask.COLLEAGUE}
    if line.ask in (Ask.KNOWN, Ask.UNKNOWN):
        return {"field": line.field, "op": "exists", "value": line.ask == Ask.KNOWN}
    if line.ask in OPPOSITES:
        op = OPPOSITES[line.ask]
        return {"not": {"field": line.field, "op": op.value, "value": _value(op, line.value)}}
    op = Op(line.ask.value)
    return {"field": line.field, "op": op.value, "value": _value(op, line.value)}


def _value(op: Op, typed: str) -> Any:
    return [one.strip() for one in typed.split(SEPARATOR) if one.strip()] if op is Op.IN else typed
