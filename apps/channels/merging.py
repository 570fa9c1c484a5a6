"""One call to a provider for many recipients: a form letter with the provider's tags in it, and each one's values.

Known here are the providers that put values into *our* text, take every header of ours per recipient, and whose syntax
is documented. To the others messages go one by one (docs/channels.md says why).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

SUBJECT_VALUE = "subject"  # the value that is the whole subject, where recipients read different ones


@dataclass(frozen=True, kw_only=True)
class FormText:
    """A text cut where recipients differ: `literals` has one item more than `names`, each the name of a value."""

    literals: tuple[str, ...]
    names: tuple[str, ...]

    def filled(self, values: Mapping[str, str]) -> str:
        return self._woven([values[name] for name in self.names])

    def tagged(self, tag: str) -> str:
        return self._woven([tag.replace("NAME", name) for name in self.names])

    def _woven(self, pieces: Sequence[str]) -> str:
        parts = [self.literals[0]]
        for piece, literal in zip(pieces, self.literals[1:], strict=True):
            parts += piece, literal
        return "".join(parts)


@dataclass(frozen=True, kw_only=True, eq=False)
class FormLetter:
    """What the messages of a call have in common: the very same object for all of them."""

    subject: FormText
    text: FormText
    html: FormText


@dataclass(frozen=True, kw_only=True, slots=True)
class Merge:
    """A recipient's part: `values` by name, already written for their place (escaped in HTML)."""

    form: FormLetter
    values: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Tagged:
    """A form letter in a provider's syntax."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True, kw_only=True)
class MergeSyntax:
    """How a provider's tags look, with NAME where the value's name stands.

    `begins`: what the provider would take for the beginning of a tag. `odd`: what in a value may not arrive as it is.
    `at_most`: recipients of one call.
    """

    tag: str
    html_tag: str
    begins: re.Pattern[str]
    odd: re.Pattern[str]
    at_most: int

    def takes(self, merge: Merge) -> bool:
        return self.tagged(merge.form) is not None and not self.odd.search("\n".join(merge.values.values()))

    def tagged(self, form: FormLetter) -> Tagged | None:
        """None where something in the texts could be taken for a tag."""
        return _tagged(self, form)

    def _is_clear(self, text: FormText, tag: str) -> bool:
        """Neither holds a literal the beginning of a tag, nor does one touch a tag with the tag's own signs."""
        before, after = text.literals[:-1], text.literals[1:]
        touches = any(literal.endswith(tag[0]) for literal in before) or any(literal.startswith(tag[-1]) for literal in after)
        return not touches and not any(self.begins.search(literal) for literal in text.literals)


@lru_cache(maxsize=64)
def _tagged(syntax: MergeSyntax, form: FormLetter) -> Tagged | None:
    places = ((form.subject, syntax.tag), (form.text, syntax.tag), (form.html, syntax.html_tag))
    if not all(syntax._is_clear(text, tag) for text, tag in places):
        return None
    subject, text, html = (text.tagged(tag) for text, tag in places)
    return Tagged(subject=subject, text=text, html=html)


_MAILGUN = re.compile(r"%(?:recipient|unsubscribe|mailing_list|tag_unsubscribe)", re.IGNORECASE)

# By the path of the e-mail backend.
SYNTAXES: Mapping[str, MergeSyntax] = {
    # “Batch sending”: recipient variables, in subject, texts and headers; 1,000 recipients. Whether a value is escaped
    # for HTML once more is nowhere said, so a value that escaping would change goes by itself.
    "anymail.backends.mailgun.EmailBackend": MergeSyntax(
        tag="%recipient.NAME%",
        html_tag="%recipient.NAME%",
        begins=_MAILGUN,
        odd=re.compile(rf"{_MAILGUN.pattern}|[&<>\"']", re.IGNORECASE),
        at_most=1000,
    ),
    # “Template language”: in HTML parts two braces escape a value, three do not; elsewhere two leave it as it is.
    "anymail.backends.sparkpost.EmailBackend": MergeSyntax(
        tag="{{NAME}}",
        html_tag="{{{NAME}}}",
        begins=re.compile(r"\{\{"),
        odd=re.compile(r"\{\{|\}\}"),
        at_most=1000,
    ),
}
