"""What a kind of channel needs to be told: declared once by its transport, checked here, shown as a form by the admin."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _


class OptionType(StrEnum):
    TEXT = "text"
    NUMBER = "number"
    CHOICE = "choice"


@dataclass(frozen=True, kw_only=True)
class Option:
    """One setting of a channel. A secret one is sealed at rest, never shown again, and absent from `Channel.config`."""

    name: str
    label: str | Promise
    help_text: str | Promise = ""
    type: OptionType = OptionType.TEXT
    choices: Sequence[tuple[str, str | Promise]] = ()
    default: str | int = ""  # what the transport takes for an empty one
    is_required: bool = False
    is_secret: bool = False
    at_most: int | None = None  # of a number


def option_problems(options: Sequence[Option], *, config: Mapping[str, Any], secrets: Mapping[str, str]) -> list[str]:
    """A sentence for each option that is missing or malformed and for each entry that is none."""
    found = [problem for option in options if (problem := _problem(option, secrets if option.is_secret else config))]
    for values, are_secret in ((config, False), (secrets, True)):
        known = {option.name for option in options if option.is_secret is are_secret}
        found += [
            _("“%(name)s” is not a setting of this kind of channel.") % {"name": name} for name in values if name not in known
        ]
    return found


def _problem(option: Option, values: Mapping[str, Any]) -> str:
    value = values.get(option.name, "")
    if value in ("", None):
        return _("%(label)s is missing.") % {"label": option.label} if option.is_required else ""
    if option.type is OptionType.NUMBER:
        is_sound = isinstance(value, int) and not isinstance(value, bool) and value > 0
        if not is_sound:
            return _("%(label)s must be a whole number from 1.") % {"label": option.label}
        if option.at_most and value > option.at_most:
            return _("%(label)s: %(most)d at most.") % {"label": option.label, "most": option.at_most}
        return ""
    if not isinstance(value, str):
        return _("%(label)s must be a text.") % {"label": option.label}
    if option.type is OptionType.CHOICE and value not in dict(option.choices):
        known = ", ".join(key for key, _label in option.choices)
        return _("%(label)s must be one of: %(known)s.") % {"label": option.label, "known": known}
    return ""
