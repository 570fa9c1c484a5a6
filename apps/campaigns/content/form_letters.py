"""Letters for providers that put each recipient's values into a text given once (`channels/merging.py`).

A filled form letter has the text of the same letter rendered in full (tests/delivery/test_wire.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from apps.channels.merging import SUBJECT_VALUE, FormLetter, FormText, Merge
from apps.common.text import clean_text, one_line

from .context import Reader
from .slots import SUBJECT, Pattern, Slot
from .wire import Letter, OwnAddress


@dataclass(frozen=True, kw_only=True)
class MergedLetter:
    """A letter as a form: `values` are the names of what stands in its slots, `own` the addresses of which each recipient has one."""

    letter: Letter
    own: Mapping[int, OwnAddress]
    form: FormLetter
    values: Mapping[Slot, str]

    @classmethod
    def of(cls, letter: Letter, own: Mapping[int, OwnAddress]) -> Self:
        slots = dict.fromkeys((*letter.text.slots, *letter.html.slots))
        names = {slot: f"v{number}" for number, slot in enumerate(slots)}
        form = FormLetter(
            subject=_subject(letter.subject), text=_form_text(letter.text, names), html=_form_text(letter.html, names)
        )
        return cls(letter=letter, own=own, form=form, values=names)

    def to(self, reader: Reader | None, names: Mapping[int, bytes]) -> tuple[str, Merge]:
        """Subject and values for one recipient; `names`: those in their own addresses, by slot."""
        letter = self.letter
        answers = letter.answers(reader) | {number: self.own[number].around(name) for number, name in names.items()}
        values = {name: clean_text(encode(answers[number])) for (number, encode), name in self.values.items()}
        if letter.subject.slots:
            values[SUBJECT_VALUE] = answers[SUBJECT]
        return answers[SUBJECT], Merge(form=self.form, values=values)


def _subject(pattern: Pattern) -> FormText:
    """Whole, because what stands around a value is trimmed with it."""
    if pattern.slots:
        return FormText(literals=("", ""), names=(SUBJECT_VALUE,))
    return FormText(literals=(one_line(pattern.literals[0]),), names=())


def _form_text(pattern: Pattern, names: Mapping[Slot, str]) -> FormText:
    return FormText(
        literals=tuple(clean_text(literal) for literal in pattern.literals), names=tuple(names[slot] for slot in pattern.slots)
    )
