"""What messages are made of, as values that can be kept and read again: the facts, the text of each language, the brand.

With it a message can be composed as it was sent, whatever has been edited since.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from apps.windows.models import WindowText

from ..models import Touchpoint
from ..replanning import Times
from .compiled import Material, Source
from .context import Facts
from .errors import ContentError
from .looks import Identity, Palette, Picture, look_of

Kept = dict[str, Any]


def keep(material: Material) -> tuple[str, Kept]:
    """A digest and plain values: equal ones for material that writes equal messages."""
    texts = {code: text for code, _name in settings.LANGUAGES if (text := _text(material, code))}
    values = {"facts": asdict(material.facts), "texts": texts, "identity": asdict(material.look.identity)}
    dumped = json.dumps(values, default=_plain, sort_keys=True)
    kept: Kept = json.loads(dumped)
    return hashlib.sha256(dumped.encode()).hexdigest(), kept


def material_of(kept: Mapping[str, Any], touchpoint: Touchpoint) -> Material:
    """The material again; raises ContentError where it was kept in a form that is no longer known."""
    try:
        texts = {code: Source(**values) for code, values in kept["texts"].items()}
        look = look_of(_identity(kept["identity"]))
        return Material(touchpoint=touchpoint, facts=_facts(kept["facts"]), templates=(), fixed=texts, look=look)
    except (KeyError, TypeError, ValueError) as error:
        raise ContentError(_("The wording was kept in a form that this version cannot read.")) from error


def _text(material: Material, language: str) -> Kept | None:
    """Nothing where no text fits; whoever needs it waits, and has not been written to."""
    try:
        return asdict(material.source(language))
    except ContentError:
        return None


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{value!r} has no plain form")


def _facts(kept: Mapping[str, Any]) -> Facts:
    instants = {name: _instant(kept[name]) for name in ("actual_started_at", "actual_ended_at", "touchpoint_at")}
    return Facts(
        **{
            **kept,
            **instants,
            "texts": tuple(WindowText(**text) for text in kept["texts"]),
            "services": tuple(kept["services"]),
            "times": _times(kept["times"]),
            "previous": _times(kept["previous"]) if kept["previous"] else None,
        }
    )


def _identity(kept: Mapping[str, Any]) -> Identity:
    schemes = {scheme: Palette(**kept[scheme]) for scheme in ("light", "dark")}
    logo = Picture(**kept["logo"]) if kept["logo"] else None
    footers = tuple((language, text) for language, text in kept["footers"])
    return Identity(name=kept["name"], address=kept["address"], footers=footers, logo=logo, **schemes)


def _times(kept: Mapping[str, str]) -> Times:
    return Times(**{name: datetime.fromisoformat(value) for name, value in kept.items()})


def _instant(kept: str | None) -> datetime | None:
    return datetime.fromisoformat(kept) if kept else None
