"""What the columns of a contact file mean, and each cell as the value it stands for."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _

from apps.common.sheets import SheetError, plain
from apps.common.text import one_line
from apps.common.zones import zone_names

from .models import Contact
from .rules import ATTRIBUTE_NAME

# As planners name them in English and French; compared without case, accents and signs.
NAMES: Mapping[str, tuple[str, ...]] = {
    "name": ("name", "full name", "contact", "nom", "nom complet"),
    "email": ("email", "e-mail", "mail", "email address", "e-mail address", "courriel", "adresse e-mail", "adresse mail"),
    "phone": (
        "phone",
        "phone number",
        "telephone",
        "téléphone",
        "tel",
        "mobile",
        "mobile phone",
        "portable",
        "numéro de téléphone",
    ),
    "organisation": ("organisation", "organization", "company", "customer", "société", "entreprise", "client"),
    "time_zone": ("time zone", "timezone", "zone", "fuseau", "fuseau horaire"),
    "language": ("language", "lang", "langue"),
    "is_internal": ("is internal", "internal", "colleague", "interne", "collègue"),
}
ATTRIBUTE_PREFIXES = ("attributes.", "attributs.")
MAX_ATTRIBUTE_LENGTH = 500
LANGUAGES = {"english": "en", "anglais": "en", "french": "fr", "francais": "fr"}
YES = ("yes", "y", "true", "1", "oui", "o", "vrai", "x")
NO = ("no", "n", "false", "0", "non", "faux")


@dataclass(frozen=True, kw_only=True)
class Columns:
    """`meanings` names, for each column, a field, `attributes.<name>` or nothing."""

    header: tuple[str, ...]
    meanings: tuple[str, ...]

    @classmethod
    def checked(cls, header: Sequence[str], meanings: Sequence[str]) -> "Columns":
        """Raises SheetError where two columns mean the same, or none tells how to reach anybody."""
        for meaning in filter(None, meanings):
            if meanings.count(meaning) > 1:
                names = ", ".join(f"“{name}”" for name, other in zip(header, meanings, strict=True) if other == meaning)
                raise SheetError(_("Several columns mean the same: %(names)s.") % {"names": names}, column=meaning)
        if "email" not in meanings and "phone" not in meanings:
            raise SheetError(
                _("The first line must name the columns, among them “email” or “phone”; it reads: %(header)s.")
                % {"header": ", ".join(header)[:200]}
            )
        return cls(header=tuple(header), meanings=tuple(meanings))

    @property
    def ignored(self) -> tuple[str, ...]:
        pairs = zip(self.header, self.meanings, strict=True)
        return tuple(name.strip() for name, meaning in pairs if not meaning and name.strip())


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What is wrong with one cell, or with a row where `column` is empty."""

    column: str
    value: str
    sentence: str


def read_header(header: Sequence[str]) -> Columns:
    """The columns by their names alone; raises SheetError as `Columns.checked` does."""
    return Columns.checked(header, [meaning_of(name) for name in header])


def read_cells(columns: Columns, cells: Sequence[str]) -> tuple[dict[str, Any], list[Fault]]:
    """The values of a row, without its empty cells, and what is wrong with it."""
    if len(cells) > len(columns.header) and any(cell.strip() for cell in cells[len(columns.header) :]):
        sentence = _("The row has %(cells)s cells, but there are %(columns)s columns: a value with a delimiter needs quotes.")
        return {}, [Fault(column="", value="", sentence=sentence % {"cells": len(cells), "columns": len(columns.header)})]
    values: dict[str, Any] = {}
    faults = []
    for name, meaning, cell in zip(columns.header, columns.meanings, cells, strict=False):
        text = one_line(plain(cell))
        if not meaning or not text:
            continue
        try:
            values[meaning] = _value(meaning, text)
        except ValidationError as error:
            faults.append(Fault(column=name.strip(), value=text[:200], sentence=" ".join(error.messages)))
    if not faults and "email" not in values and "phone" not in values:
        faults.append(Fault(column="", value="", sentence=_("The row has neither an e-mail nor a phone.")))
    return values, faults


def meaning_of(name: str) -> str:
    """What the name of a column says by itself; nothing where it says nothing."""
    for prefix in ATTRIBUTE_PREFIXES:
        attribute = name.strip()[len(prefix) :]
        if name.strip().lower().startswith(prefix) and ATTRIBUTE_NAME.fullmatch(attribute):
            return f"attributes.{attribute}"
    return _fields_by_name().get(folded(name), "")


def _value(meaning: str, text: str) -> Any:
    if meaning.startswith("attributes."):
        if len(text) > MAX_ATTRIBUTE_LENGTH:
            raise ValidationError(_("The value is longer than %(most)s signs.") % {"most": MAX_ATTRIBUTE_LENGTH})
        return text
    if meaning == "is_internal":
        return _yes_or_no(text)
    if meaning == "language":
        bare = folded(text)
        text = LANGUAGES.get(bare, bare.split(" ")[0])
    if meaning == "time_zone":
        text = _zones_by_name().get(text.lower().replace(" ", "_"), text)
    return _fields()[meaning].clean(text, None)


def _yes_or_no(text: str) -> bool:
    if folded(text) not in YES + NO:
        raise ValidationError(_("“%(text)s” is neither yes nor no.") % {"text": text})
    return folded(text) in YES


def folded(text: str) -> str:
    """Without case, accents and signs: “E-Mail_Adresse” → “e mail adresse”."""
    bare = "".join(sign for sign in unicodedata.normalize("NFKD", text) if not unicodedata.combining(sign))
    return re.sub(r"[\W_]+", " ", bare.casefold()).strip()


@cache
def _fields() -> "dict[str, models.Field[Any, Any]]":
    return {field.name: field for field in Contact._meta.fields}


@cache
def _fields_by_name() -> dict[str, str]:
    return {folded(name): field for field, names in NAMES.items() for name in (field, *names)}


@cache
def _zones_by_name() -> dict[str, str]:
    return {name.lower(): name for name in zone_names()}
