"""The form on which a planner says how a file is read and what its columns mean."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.common.sheets import DELIMITERS, ENCODINGS, SheetError

from .columns import Columns
from .guesses import attribute_name, is_attribute
from .models import ContactImport
from .rules import ATTRIBUTE, ATTRIBUTE_NAME

AS_ATTRIBUTE = "attribute"
MEANINGS: tuple[tuple[str, str | Promise], ...] = (
    ("", _("is passed over")),
    ("name", _("name")),
    ("email", _("e-mail")),
    ("phone", _("phone")),
    ("organisation", _("organisation")),
    ("language", _("language")),
    ("time_zone", _("time zone")),
    ("is_internal", _("colleague or customer")),
    (AS_ATTRIBUTE, _("an attribute, named …")),
)
ENCODING_NAMES = {
    "utf-8": "UTF-8",
    "utf-8-sig": "UTF-8",
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16",
    "cp1252": "Windows-1252 (Excel)",
    "iso8859-15": "ISO 8859-15",
    "mac-roman": "Mac Roman",
}
DELIMITER_NAMES: dict[str, str | Promise] = {",": _("comma ,"), ";": _("semicolon ;"), "\t": _("tabulator"), "|": _("bar |")}


@dataclass(frozen=True, kw_only=True)
class Line:
    """One column of the file as the form shows it."""

    number: int
    header: str
    samples: tuple[str, ...]
    meaning: forms.BoundField
    attribute: forms.BoundField


class ReadingForm(forms.Form):
    """How the file is read; only what there is to choose."""

    encoding = forms.ChoiceField(label=_("Encoding"))
    delimiter = forms.ChoiceField(label=_("Cells are separated by"))
    sheet = forms.ChoiceField(label=_("Sheet"))

    def __init__(self, job: ContactImport, data: Any = None) -> None:
        super().__init__(data, initial={"encoding": job.encoding, "delimiter": job.delimiter, "sheet": job.sheet})
        if job.sheets:
            del self.fields["encoding"], self.fields["delimiter"]
            self.fields["sheet"].choices = [(name, name) for name in job.sheets]  # type: ignore[attr-defined]
        else:
            del self.fields["sheet"]
            known = dict.fromkeys((job.encoding, *ENCODINGS))
            self.fields["encoding"].choices = [(name, ENCODING_NAMES.get(name, name)) for name in known]  # type: ignore[attr-defined]
            self.fields["delimiter"].choices = [(sign, DELIMITER_NAMES[sign]) for sign in DELIMITERS]  # type: ignore[attr-defined]


class ColumnsForm(forms.Form):
    """A meaning for each column; an attribute also by its name."""

    def __init__(self, job: ContactImport, data: Any = None) -> None:
        super().__init__(data)
        self.header = job.header
        self.samples: Sequence[Sequence[str]] = job.samples
        for place, (name, meaning) in enumerate(zip(job.header, job.meanings, strict=True)):
            attribute = meaning.removeprefix(ATTRIBUTE) if is_attribute(meaning) else attribute_name(name)
            self.fields[f"meaning_{place}"] = forms.ChoiceField(
                choices=MEANINGS, required=False, initial=AS_ATTRIBUTE if is_attribute(meaning) else meaning
            )
            self.fields[f"attribute_{place}"] = forms.CharField(
                required=False, max_length=63, initial=attribute, widget=forms.TextInput(attrs={"autocomplete": "off"})
            )

    def lines(self) -> Iterator[Line]:
        for place, header in enumerate(self.header):
            texts = (row[place].strip() for row in self.samples if place < len(row))
            samples = tuple(dict.fromkeys(text for text in texts if text))[:3]
            meaning, attribute = self[f"meaning_{place}"], self[f"attribute_{place}"]
            yield Line(number=place + 1, header=header.strip(), samples=samples, meaning=meaning, attribute=attribute)

    def meanings(self) -> list[str]:
        return [self._meaning(place) for place in range(len(self.header))]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for place in range(len(self.header)):
            name = data.get(f"attribute_{place}", "")
            if data.get(f"meaning_{place}") == AS_ATTRIBUTE and not ATTRIBUTE_NAME.fullmatch(name):
                sentence = _("Name the attribute: a letter first, then letters, digits, _ and -.")
                self.add_error(f"attribute_{place}", ValidationError(sentence, code="bad_attribute_name"))
        if not self.errors:
            try:
                Columns.checked(self.header, self.meanings())
            except SheetError as error:
                raise ValidationError(error.messages) from error
        return data

    def _meaning(self, place: int) -> str:
        meaning = str(self.cleaned_data[f"meaning_{place}"])
        return ATTRIBUTE + str(self.cleaned_data[f"attribute_{place}"]) if meaning == AS_ATTRIBUTE else meaning
