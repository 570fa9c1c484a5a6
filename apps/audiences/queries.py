"""A segment's rule as a condition on contacts, the same on SQLite and PostgreSQL.

Every field is text, and what is missing is the empty text. So no comparison is ever SQL's NULL, and `not` means not:
a contact without the attribute is among those whose plan is not “gold”.
"""

from functools import reduce
from operator import and_, or_
from typing import Any

from django.db.models import CharField, Expression, F, Q, TextField, Value
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Coalesce, StrIndex, Substr
from django.db.models.lookups import Exact, IContains, In, IStartsWith

from .rules import ATTRIBUTE, All, Any_, Condition, Not, Op, Rule

EVERYBODY = Q(pk__isnull=False)  # not an empty Q, which `|` and `~` would drop
LOWER_CASE_FIELDS = ("email", "email_domain")


def compile_rule(rule: Rule) -> Q:
    match rule:
        case Condition():
            return _condition(rule)
        case All(parts=parts):
            return reduce(and_, map(compile_rule, parts), EVERYBODY)
        case Any_(parts=parts):
            return reduce(or_, map(compile_rule, parts))
        case Not(part=part):
            return ~compile_rule(part)


def _condition(condition: Condition) -> Q:
    if condition.field == "is_internal":
        return Q(is_internal=condition.value is (condition.op is Op.IS))
    subject = subject_of(condition.field)
    value = _lowered(condition)
    match condition.op:
        case Op.IS:
            return Q(Exact(subject, value))
        case Op.IS_NOT:
            return ~Q(Exact(subject, value))
        case Op.IN:
            return Q(In(subject, list(value)))
        case Op.CONTAINS:
            return Q(IContains(subject, value))
        case Op.STARTS_WITH:
            return Q(IStartsWith(subject, value))
        case Op.EXISTS:
            return ~Q(Exact(subject, "")) if value else Q(Exact(subject, ""))


def subject_of(field: str) -> Expression | F:
    """What a contact has in `field`, as text."""
    if field.startswith(ATTRIBUTE):
        text = Cast(KeyTextTransform(field.removeprefix(ATTRIBUTE), "attributes"), TextField())
        return Coalesce(text, Value(""), output_field=TextField())
    if field == "email_domain":
        return Substr("email", StrIndex("email", Value("@")) + 1, output_field=CharField())
    return F(field)


def _lowered(condition: Condition) -> Any:
    """Addresses are stored in lower case, so they are compared in it."""
    value = condition.value
    if condition.field not in LOWER_CASE_FIELDS or isinstance(value, bool):
        return value
    return value.lower() if isinstance(value, str) else tuple(one.lower() for one in value)
