"""Rules about texts that are there, sound, and in the languages of their readers. Pure."""

from collections.abc import Iterator

from .facts import Facts
from .findings import Level, Place
from .rules import Cause, Code, Remark, Target

TEXTS = ("reason", "effect", "alternatives")  # what a translation says beside the title


def text_remarks(facts: Facts) -> Iterator[Remark]:
    """What the plan cannot say stops it; a correction that could not be written can be mended before it is needed."""
    for template in facts.templates:
        if template.problems:
            target = Target(cause=Cause.TEMPLATE, pk=template.pk)
            values = {"template": template, "problems": template.problems}
            level = _level(template.content_key, facts)
            yield Remark(code=Code.BROKEN_TEXT, level=level, place=Place.TEXTS, values=values, target=target)
    yield from _unwritten(facts)
    yield from _untranslated_texts(facts)
    yield from _untranslated_window(facts)
    yield from _long_sms(facts)


def _unwritten(facts: Facts) -> Iterator[Remark]:
    seen: set[tuple[str, str, str]] = set()
    for lack in facts.unwritten:
        what = lack.content_key, lack.kind, lack.urgency
        if lack.instead or what in seen:
            continue
        seen.add(what)
        asked = {"content_key": lack.content_key, "channel_kind": lack.kind, "urgency": lack.urgency}
        target = Target(cause=Cause.NEW_TEMPLATE, query={name: value for name, value in asked.items() if value})
        values = {"key": lack.content_key, "kind": lack.kind, "urgency": lack.urgency}
        level = _level(lack.content_key, facts)
        yield Remark(code=Code.UNWRITTEN, level=level, place=Place.TEXTS, values=values, target=target)


def _level(content_key: str, facts: Facts) -> Level:
    return Level.STOP if any(departure.content_key == content_key for departure in facts.departures) else Level.WARN


def _untranslated_texts(facts: Facts) -> Iterator[Remark]:
    """One for each language, with all the texts that fall back from it."""
    languages: dict[tuple[str, str], list[str]] = {}
    readers: dict[tuple[str, str], int] = {}
    for lack in facts.unwritten:
        if lack.instead:
            key = lack.language, lack.instead
            languages.setdefault(key, []).append(lack.content_key)
            readers[key] = max(readers.get(key, 0), lack.readers)
    for (language, instead), keys in languages.items():
        names = list(dict.fromkeys(keys))
        values = {"language": language, "instead": instead, "keys": names, "count": readers[language, instead]}
        target = Target(cause=Cause.NEW_TEMPLATE, query={"content_key": names[0], "language": language})
        yield Remark(code=Code.UNTRANSLATED_TEXT, level=Level.WARN, place=Place.TEXTS, values=values, target=target)


def _untranslated_window(facts: Facts) -> Iterator[Remark]:
    """Recipients who will read the window's own words in another language than theirs."""
    readers: dict[str, int] = {}
    for column in facts.columns:
        for code, count in column.languages.items():
            readers[code] = max(readers.get(code, 0), count)
    own = {row.language: row for row in facts.own_texts}
    source = next((row for row in facts.own_texts if row.is_own), None)
    for language, count in sorted(readers.items()):
        said = own.get(language)
        target = Target(cause=Cause.WINDOW_TEXTS, pk=facts.window_id, query={"language": language, "field": "title"})
        if said is None or not said.texts.get("title"):
            if said is None or not said.is_own:
                values = {"language": language, "count": count}
                yield Remark(
                    code=Code.UNTRANSLATED_WINDOW, level=Level.WARN, place=Place.TRANSLATION, values=values, target=target
                )
        elif source is not None and source is not said:
            lacking = [name for name in TEXTS if source.texts.get(name) and not said.texts.get(name)]
            if lacking:
                values = {"language": language, "instead": source.language, "fields": lacking, "count": count}
                yield Remark(code=Code.HALF_TRANSLATED, level=Level.WARN, place=Place.TRANSLATION, values=values, target=target)


def _long_sms(facts: Facts) -> Iterator[Remark]:
    longest = {}
    for message in facts.messages:
        if message.sms_parts > 1:
            longest[message.template.pk] = message
    for message in longest.values():
        values = {
            "template": message.template,
            "parts": message.sms_parts,
            "places": message.sms_places,
            "forced_by": message.sms_forced_by,
        }
        target = Target(cause=Cause.TEMPLATE, pk=message.template.pk)
        yield Remark(code=Code.LONG_SMS, level=Level.WARN, place=Place.TEXTS, values=values, target=target)
