"""Rules in words, and their faults as sentences, in the reader's language."""

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .rules import All, Any_, Condition, Not, Op, Rule, RuleError

FIELDS: dict[str, str | Promise] = {
    "language": gettext_lazy("language"),
    "organisation": gettext_lazy("organisation"),
    "time_zone": gettext_lazy("time zone"),
    "email": gettext_lazy("e-mail"),
    "email_domain": gettext_lazy("domain of the e-mail"),
}
PHRASES: dict[Op, str | Promise] = {
    Op.IS: gettext_lazy("%(field)s is %(value)s"),
    Op.IS_NOT: gettext_lazy("%(field)s is not %(value)s"),
    Op.IN: gettext_lazy("%(field)s is one of %(value)s"),
    Op.CONTAINS: gettext_lazy("%(field)s contains %(value)s"),
    Op.STARTS_WITH: gettext_lazy("%(field)s starts with %(value)s"),
}


def describe(rule: Rule) -> str:
    """E.g. “language is “fr” and not (organisation contains “Acme” or is a colleague)”."""
    match rule:
        case Condition():
            return _condition(rule)
        case All(parts=()):
            return _("everybody")
        case All(parts=parts):
            return _(" and ").join(map(_inner, parts))
        case Any_(parts=parts):
            return _(" or ").join(map(_inner, parts))
        case Not(part=part):
            return _("not (%(rule)s)") % {"rule": describe(part)}


def fault_sentence(error: RuleError) -> str:
    """“all[1].op: …”, or the sentence alone where it is about the whole rule."""
    sentence = _(error.sentence) % error.params
    return f"{error.path}: {sentence}" if error.path else sentence


def _inner(rule: Rule) -> str:
    """In brackets where it joins several parts: “a and (b or c)”."""
    return f"({describe(rule)})" if isinstance(rule, All | Any_) and len(rule.parts) > 1 else describe(rule)


def _condition(condition: Condition) -> str:
    if condition.field == "is_internal":
        return _("is a colleague") if condition.value is (condition.op is Op.IS) else _("is a customer")
    field = str(FIELDS.get(condition.field, f"“{condition.attribute}”"))
    if condition.op is Op.EXISTS:
        return (_("%(field)s is known") if condition.value else _("%(field)s is not known")) % {"field": field}
    values = condition.value if isinstance(condition.value, tuple) else (condition.value,)
    return PHRASES[condition.op] % {"field": field, "value": ", ".join(f"“{value}”" for value in values)}
