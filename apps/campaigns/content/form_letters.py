"""Letters for providers that put each recipient's values into a text given once (`channels/merging.py`).

A filled form letter has the text of the same letter rendered in full (tests/delivery/test_wire.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from apps.channels.merging import SUBJECT_VALUE, FormLetter, FormText, Merge
from apps.common.text import clean_text, one_line

from .context import Reader
from .slots import SUBJECT, Encoder, Pattern
from .wire import Letter

Slot = tuple[int, Encoder]


@dataclass(frozen=True, kw_only=True)
class MergedLetter:
    """A letter as a form: `names` are those of its slots' values."""

    letter: Letter
    form: FormLetter
    names: Mapping[Slot, str]

    @classmethod
    def of(cls, letter: Letter) -> Self:
        slots = dict.fromkeys((*letter.text.slots, *letter.html.slots))
        names = {slot: f"v{number}" for number, slot in enumerate(slots)}
        form = FormLetter(
            subject=_subject(letter.subject), text=_form_text(letter.text, names), html=_form_text(letter.html, names)
        )
        return cls(letter=letter, form=form, names=names)

    def to(self, reader: Reader | None, own: Mapping[int, bytes]) -> tuple[str, Merge]:
        """Subject and values for one recipient; `own`: their addresses, by slot."""
        letter = self.letter
        answers = letter.answers(reader) | {number: address.decode() for number, address in own.items()}
        values = {name: clean_text(encode(answers[number])) for (number, encode), name in self.names.items()}
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
