"""The rule of a segment: its shape, checked here, and nothing else.

    {"all": [{"field": "language", "op": "is", "value": "fr"}, {"not": {"field": "is_internal", "op": "is", "value": true}}]}

`all`, `any` and `not` nest; a condition has `field`, `op` and `value`. Everybody is `{"all": []}`, said on purpose: an empty
rule is refused, because it is more often forgotten than meant. Pure; `queries.py` turns a rule into a query and `words.py`
into a sentence.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

MAX_DEPTH = 4
MAX_CONDITIONS = 100
MAX_VALUES = 1000

TEXT_FIELDS = ("language", "organisation", "time_zone", "email", "email_domain")
ATTRIBUTE = "attributes."
ATTRIBUTE_NAME = re.compile(r"[^\W\d][\w-]{0,62}")  # a letter first, then letters, digits, _ and -


class Op(StrEnum):
    IS = "is"
    IS_NOT = "is_not"
    IN = "in"
    CONTAINS = "contains"
    STARTS_WITH = "starts_with"
    EXISTS = "exists"


@dataclass(frozen=True, kw_only=True)
class Condition:
    """`value` is text, for IN a tuple of texts, for EXISTS and the field is_internal a bool."""

    field: str
    op: Op
    value: str | tuple[str, ...] | bool

    @property
    def attribute(self) -> str:
        """The attribute asked for, without its prefix; empty for a field of the contact's own."""
        return self.field.removeprefix(ATTRIBUTE) if self.field.startswith(ATTRIBUTE) else ""


@dataclass(frozen=True, kw_only=True)
class All:
    parts: tuple["Rule", ...]  # none: everybody


@dataclass(frozen=True, kw_only=True)
class Any_:
    parts: tuple["Rule", ...]


@dataclass(frozen=True, kw_only=True)
class Not:
    part: "Rule"


Rule = Condition | All | Any_ | Not


class RuleError(Exception):
    """Names the place in the rule and what is wrong there: “all[1].op: …”.

    `sentence` is English with %-places for `params`, so that a door can translate it.
    """

    def __init__(self, path: str, sentence: str, **params: object) -> None:
        super().__init__(path, sentence, params)
        self.path = path
        self.sentence = sentence
        self.params = params

    def __str__(self) -> str:
        return f"{self.path}: {self.sentence % self.params}" if self.path else self.sentence % self.params


def gettext_noop(text: str) -> str:
    """Marks a sentence for the catalogue; it is translated at the door."""
    return text


def parse(rule: object) -> Rule:
    """The rule as values, or a RuleError that names the first place at fault."""
    if rule == {}:
        raise RuleError("", gettext_noop('The rule is empty. To reach everybody, write {"all": []}.'))
    parsed = _parse(rule, "", depth=0)
    if sum(1 for _ in conditions(parsed)) > MAX_CONDITIONS:
        raise RuleError("", gettext_noop("The rule has more than %(most)s conditions."), most=MAX_CONDITIONS)
    return parsed


def conditions(rule: Rule) -> Iterator[Condition]:
    match rule:
        case Condition():
            yield rule
        case All(parts=parts) | Any_(parts=parts):
            for part in parts:
                yield from conditions(part)
        case Not(part=part):
            yield from conditions(part)


def _parse(rule: object, path: str, *, depth: int) -> Rule:
    if not isinstance(rule, Mapping):
        raise RuleError(
            path, gettext_noop("Here belongs an object with “all”, “any”, “not” or “field”, not %(found)s."), found=_shown(rule)
        )
    if "field" in rule:
        return _condition(rule, path)
    if len(rule) != 1 or not rule.keys() <= {"all", "any", "not"}:
        raise RuleError(
            path,
            gettext_noop("Here belongs exactly one of “all”, “any” and “not”, or a condition with “field”; found: %(found)s."),
            found=", ".join(map(str, rule)) or "{}",
        )
    if depth == MAX_DEPTH:
        raise RuleError(path, gettext_noop("Groups may be nested %(most)s deep."), most=MAX_DEPTH)
    ((kind, inner),) = rule.items()
    return _group(kind, inner, f"{path}.{kind}" if path else kind, depth=depth + 1)


def _group(kind: str, inner: object, path: str, *, depth: int) -> Rule:
    if kind == "not":
        return Not(part=_parse(inner, path, depth=depth))
    if not isinstance(inner, list):
        raise RuleError(path, gettext_noop("Here belongs a list in brackets, not %(found)s."), found=_shown(inner))
    parts = tuple(_parse(part, f"{path}[{place}]", depth=depth) for place, part in enumerate(inner))
    if kind == "all":
        return All(parts=parts)
    if not parts:
        raise RuleError(path, gettext_noop("An empty list would reach nobody: name at least one condition."))
    return Any_(parts=parts)


def _condition(rule: Mapping[str, Any], path: str) -> Condition:
    for key in rule:
        if key not in ("field", "op", "value"):
            raise RuleError(_at(path, str(key)), gettext_noop("A condition has “field”, “op” and “value” only."))
    field = _field(rule["field"], _at(path, "field"))
    op = _op(rule.get("op"), field, _at(path, "op"))
    if "value" not in rule:
        raise RuleError(_at(path, "value"), gettext_noop("The value is missing."))
    return Condition(field=field, op=op, value=_value(rule["value"], field, op, _at(path, "value")))


def _field(field: object, path: str) -> str:
    if isinstance(field, str):
        if field in TEXT_FIELDS or field == "is_internal":
            return field
        if field.startswith(ATTRIBUTE) and ATTRIBUTE_NAME.fullmatch(field.removeprefix(ATTRIBUTE)):
            return field
    raise RuleError(
        path,
        gettext_noop("%(found)s is not a field; there are %(fields)s and attributes.<name>."),
        found=_shown(field),
        fields=", ".join((*TEXT_FIELDS, "is_internal")),
    )


def _op(op: object, field: str, path: str) -> Op:
    allowed = (Op.IS, Op.IS_NOT) if field == "is_internal" else tuple(Op)
    if op in allowed:
        return Op(str(op))
    raise RuleError(
        path,
        gettext_noop("%(found)s cannot be asked of %(field)s; there are %(ops)s."),
        found=_shown(op),
        field=field,
        ops=", ".join(allowed),
    )


def _value(value: object, field: str, op: Op, path: str) -> str | tuple[str, ...] | bool:
    if field == "is_internal" or op is Op.EXISTS:
        if not isinstance(value, bool):
            raise RuleError(path, gettext_noop("Here belongs true or false, not %(found)s."), found=_shown(value))
        return value
    if op is not Op.IN:
        return _text(value, path)
    if not isinstance(value, list) or not 0 < len(value) <= MAX_VALUES:
        raise RuleError(path, gettext_noop("Here belongs a list of 1 to %(most)s values."), most=MAX_VALUES)
    return tuple(_text(one, f"{path}[{place}]") for place, one in enumerate(value))


def _text(value: object, path: str) -> str:
    """Texts and, for attributes that hold them, numbers and booleans: compared as they are written."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, str) and value.strip() and "\0" not in value:
        return value
    raise RuleError(path, gettext_noop("Here belongs a text that is not empty, not %(found)s."), found=_shown(value))


def _at(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _shown(value: object) -> str:
    names = {dict: "{…}", list: "[…]", type(None): "null"}
    return names.get(type(value)) or f"“{str(value)[:40]}”"
