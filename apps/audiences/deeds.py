"""What the trail says of deeds on contacts, segments and addresses. It never names a recipient by itself."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from .models import SuppressionReason
from .rules import RuleError, parse
from .words import describe

DEEDS = {
    "contact.entered": _("%(who)s entered “%(what)s”."),
    "contact.chose": _("A recipient chose how to be told."),
    "contact.handed_out": _("%(who)s exported all that is known of a contact."),
    "contact.erased": _("%(who)s erased a contact."),
    "contacts.imported": _("%(who)s imported contacts."),
    "segment.entered": _("%(who)s added the segment “%(what)s”."),
    "address.suppressed": _("%(who)s kept an address from being used: “%(what)s”."),
    "address.released": _("%(who)s let an address be used again: “%(what)s”."),
}
FACTS = {
    "address": _("Address"),
    "file": _("File"),
    "new": _("New"),
    "unchanged": _("Unchanged"),
    "errors": _("Errors"),
}
CODES = {"reason": dict(SuppressionReason.choices)}


def _rule_words(rule: Any) -> str:
    try:
        return describe(parse(rule))
    except RuleError:
        return str(rule)


WORDS = {("audiences.segment", "rule"): _rule_words}
