"""Rules about how a notice speaks: it neither minimises nor blames, promises nothing it cannot know, and is exact. Pure.

A template is judged by its own words, with their lines; what the window says of itself is judged once, where it stands.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from . import lexicon
from .facts import Facts, Message, OwnText, Template
from .findings import Level, Place
from .lexicon import Hit
from .rules import Cause, Code, Remark, Target

TONES = (Code.MINIMISES, Code.BLAMES, Code.PROMISES, Code.VAGUE)
QUOTED = 4

_LIQUID = re.compile(r"\{%-?\s*comment\b.*?endcomment\s*-?%\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
_EXACT_VARIABLE = re.compile(
    r"\{\{-?\s*window\.(?:short_|window_|utc_|previous_|actual_|announced_)?(?:starts?|times|ends?|latest_end|duration)\b"
)
_EXACT_TIME = re.compile(r"\b\d{1,2}\s?(?:[:h]\s?\d{2}|[ap]\.?m\b)|\b\d{4}-\d{2}-\d{2}\b", re.IGNORECASE)
_RANGE_VARIABLE = re.compile(r"\{\{-?\s*window\.(?:announced_duration|latest_end|short_latest_end|times|short_times|utc_times)\b")


@dataclass(frozen=True, kw_only=True)
class _Passage:
    """A text with the words that are its own, and what to call it."""

    text: str
    raw: str
    language: str
    has_range: bool
    exact: re.Pattern[str]

    def hits(self) -> Iterator[tuple[Code, Hit]]:
        """A promise is vague as well, and told once."""
        promises: list[Hit] = []
        for code in TONES:
            for hit in lexicon.hits(code, self.text, self.language):
                if code is Code.PROMISES:
                    promises.append(hit)
                if not self._is_excused(code, hit, promises):
                    yield code, hit

    def _is_excused(self, code: Code, hit: Hit, promises: Sequence[Hit]) -> bool:
        if code is Code.VAGUE:
            is_promise = any(hit.start < promise.end and hit.end > promise.start for promise in promises)
            return is_promise or self.exact.search(self._line_of(hit)) is not None
        return code is Code.PROMISES and self.has_range

    def _line_of(self, hit: Hit) -> str:
        return self.raw.split("\n")[hit.line - 1]


def tone_remarks(facts: Facts) -> Iterator[Remark]:
    for template in facts.templates:
        yield from _of_template(template, facts)
    for own in facts.own_texts:
        for name, text in own.texts.items():
            yield from _of_own_text(own, name, text, facts)
    yield from _apologies(facts)


def _of_template(template: Template, facts: Facts) -> Iterator[Remark]:
    has_range = facts.times.has_range and bool(_RANGE_VARIABLE.search(template.body))
    for part, text in (("subject", template.subject), ("body", template.body)):
        passage = _Passage(text=own_words(text), raw=text, language=template.language, has_range=has_range, exact=_EXACT_VARIABLE)
        for code, found in _grouped(passage):
            line = found[0].line if part == "body" else None
            values = {"template": template, "part": part, "quotes": _quotes(found), "lines": _lines(found)}
            target = Target(cause=Cause.TEMPLATE, pk=template.pk, line=line)
            yield Remark(code=code, level=Level.WARN, place=Place.TEXTS, values=values, target=target)


def _of_own_text(own: OwnText, name: str, text: str, facts: Facts) -> Iterator[Remark]:
    passage = _Passage(text=text, raw=text, language=own.language, has_range=facts.times.has_range, exact=_EXACT_TIME)
    for code, found in _grouped(passage):
        values = {"own": own, "field": name, "quotes": _quotes(found), "lines": _lines(found) if "\n" in text.strip() else []}
        yield Remark(code=code, level=Level.WARN, place=Place.TEXTS, values=values, target=_own_target(own, name, facts))


def _apologies(facts: Facts) -> Iterator[Remark]:
    """Counted in what a recipient reads: the template and what the window says of itself, together."""
    seen: set[int] = set()
    for message in facts.messages:
        found = list(_sorries(message))
        if len(found) > 1 and message.template.pk not in seen:
            seen.add(message.template.pk)
            in_template = list(lexicon.hits(Code.APOLOGISES, own_words(message.template.body), message.template.language))
            line = in_template[-1].line if in_template else None
            values = {"template": message.template, "quotes": _quotes(found), "count": len(found)}
            target = Target(cause=Cause.TEMPLATE, pk=message.template.pk, line=line)
            yield Remark(code=Code.APOLOGISES, level=Level.WARN, place=Place.TEXTS, values=values, target=target)


def _sorries(message: Message) -> Iterator[Hit]:
    yield from lexicon.hits(Code.APOLOGISES, f"{message.subject}\n{message.text}", message.template.language)


def typed_tones(text: str, *, language: str, has_range: bool) -> Iterator[tuple[Code, list[str]]]:
    """Of a sentence that recipients read as it was typed: each tone with the words that have it."""
    passage = _Passage(text=text, raw=text, language=language, has_range=has_range, exact=_EXACT_TIME)
    for code, found in _grouped(passage):
        yield code, _quotes(found)


def own_words(source: str) -> str:
    """A template without its Liquid, each line where it was."""
    return _LIQUID.sub(lambda found: "¤" + "\n" * found[0].count("\n"), source)


def _grouped(passage: _Passage) -> Iterator[tuple[Code, list[Hit]]]:
    groups: dict[Code, list[Hit]] = {}
    for code, hit in passage.hits():
        groups.setdefault(code, []).append(hit)
    yield from groups.items()


def _quotes(found: list[Hit]) -> list[str]:
    return list(dict.fromkeys(hit.words for hit in found))[:QUOTED]


def _lines(found: list[Hit]) -> list[int]:
    return sorted({hit.line for hit in found})[:QUOTED]


def _own_target(own: OwnText, name: str, facts: Facts) -> Target:
    return Target(cause=Cause.WINDOW_TEXTS, pk=facts.window_id, query={"language": own.language, "field": name})
