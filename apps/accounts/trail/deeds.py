"""The sentences of the trail, by verb. Each app keeps those of its own verbs in its module `deeds`:

DEEDS = {"window.rescheduled": _("%(who)s moved “%(what)s”.")}    verb to sentence
FACTS = {"reason": _("Reason")}                                   what of the detail is worth reading, and its name
CODES = {"choice": {"now": _("sent at once")}}                    words for the values of such a fact
WORDS = {("audiences.segment", "rule"): rule_words}               a value of a field, where its own form says little
"""

from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from typing import Any

from django.apps import apps
from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.module_loading import module_has_submodule
from django.utils.translation import gettext as _

Words = str | Promise


def sentence(verb: str, *, who: str, what: str) -> str:
    """What was done, as a sentence; a verb that nobody knows any more is shown as it is."""
    found = _all("DEEDS").get(verb) or _all("DEEDS").get("*." + verb.rpartition(".")[2])
    template = str(found) if found else _("%(who)s: %(verb)s, “%(what)s”.")
    return template % {"who": who, "what": what, "verb": verb}


def is_known(verb: str) -> bool:
    return verb in _all("DEEDS") or "*." + verb.rpartition(".")[2] in _all("DEEDS")


def facts() -> Mapping[str, Words]:
    return _all("FACTS")


def code_words(fact: str, value: Any) -> str:
    """E.g. “sent at once” for the choice “now”; a number as the reader's language writes it."""
    codes: Mapping[str, Words] = _all("CODES").get(fact, {})
    if isinstance(value, float):
        return number_format(int(value) if value.is_integer() else value)
    return str(codes.get(str(value), value))


def value_words(model: str, field: str) -> Callable[[Any], str] | None:
    found: Callable[[Any], str] | None = _all("WORDS").get((model, field))
    return found


@cache
def _all(kind: str) -> Mapping[Any, Any]:
    """What the apps say of `kind`, together."""
    found: dict[Any, Any] = {}
    for app in apps.get_app_configs():
        if app.name.startswith("apps.") and app.module and module_has_submodule(app.module, "deeds"):
            for key, said in getattr(import_module(f"{app.name}.deeds"), kind, {}).items():
                found[key] = {**found.get(key, {}), **said} if isinstance(said, dict) else said
    return found
