"""Rules about what a notice must say: each message what its readers need at its time, in their language. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum

from . import lexicon
from .facts import Facts, Message, Phase
from .findings import Level, Place
from .rules import Cause, Code, Remark, Target


class Part(StrEnum):
    SUBJECT = "subject"  # names the work or a service
    START = "start"  # exact, with its zone
    DURATION = "duration"
    END = "end"  # the expected one, with its zone
    IMPACT = "impact"
    REASON = "reason"
    ALTERNATIVES = "alternatives"
    UPDATES = "updates"  # where news are
    HELP = "help"
    THANKS = "thanks"


# Nobody schedules a window less safely without these two; they are said, and need no tick.
COURTESIES = (Part.ALTERNATIVES, Part.THANKS)

DUTIES: Mapping[Phase, tuple[Part, ...]] = {
    Phase.AHEAD: (Part.SUBJECT, Part.START, Part.DURATION, Part.IMPACT, Part.UPDATES, Part.HELP, Part.THANKS),
    Phase.RUNNING: (Part.SUBJECT, Part.END, Part.IMPACT, Part.UPDATES, Part.HELP, Part.THANKS),
    Phase.AFTER: (Part.SUBJECT, Part.UPDATES, Part.HELP, Part.THANKS),
}
# A text message has room for when and where; a post in a chat is answered where it stands.
TOO_SHORT_FOR: Mapping[str, tuple[Part, ...]] = {
    "sms": (Part.SUBJECT, Part.IMPACT, Part.HELP, Part.THANKS, Part.REASON, Part.ALTERNATIVES),
    "chat": (Part.HELP,),
}
WITHOUT_TEXT = ("webhook",)  # what it carries are values

PERIODS = ("times", "window_times", "utc_times", "short_times")
SAID_BY: Mapping[Part, tuple[str, ...]] = {
    Part.SUBJECT: ("title", "services"),
    Part.START: ("starts", "short_starts", *PERIODS),
    Part.DURATION: ("duration", "announced_duration", *PERIODS),
    Part.END: ("ends", "latest_end", "short_latest_end", *PERIODS),
    Part.IMPACT: ("impact", "effect"),
    Part.REASON: ("reason",),
    Part.ALTERNATIVES: ("alternatives",),
    Part.UPDATES: ("notice_url",),
    Part.HELP: ("team_email",),
}


def completeness_remarks(facts: Facts) -> Iterator[Remark]:
    """One for each template and level, with all that is missing from any of its messages."""
    missing: dict[tuple[int, Level], tuple[Message, dict[Part, None]]] = {}
    for message, part in (*_each_misses(facts.messages), *_columns_miss(facts.messages)):
        level = Level.HINT if part in COURTESIES else Level.WARN
        _message, parts = missing.setdefault((message.template.pk, level), (message, {}))
        parts[part] = None
    for (pk, level), (message, parts) in missing.items():
        values = {"template": message.template, "parts": sorted(parts, key=list(Part).index)}
        target = Target(cause=Cause.TEMPLATE, pk=pk)
        yield Remark(code=Code.INCOMPLETE, level=level, place=Place.TEXTS, values=values, target=target)


def own_text_remarks(facts: Facts) -> Iterator[Remark]:
    """What the window does not say of itself, in the language of its texts."""
    own = next((row for row in facts.own_texts if row.is_own), None)
    for name, code, level in (("reason", Code.NO_REASON, Level.WARN), ("alternatives", Code.NO_ALTERNATIVES, Level.HINT)):
        if own is not None and not own.texts.get(name, "").strip():
            target = Target(cause=Cause.WINDOW_TEXTS, pk=facts.window_id, query={"language": own.language, "field": name})
            yield Remark(code=code, level=level, place=Place.TEXTS, target=target)


def _each_misses(messages: Iterable[Message]) -> Iterator[tuple[Message, Part]]:
    for message in messages:
        if message.kind in WITHOUT_TEXT or message.departure.is_correction:
            continue
        for part in DUTIES[message.departure.phase]:
            if part not in TOO_SHORT_FOR.get(message.kind, ()) and not says(message, part):
                yield message, part


def _columns_miss(messages: Iterable[Message]) -> Iterator[tuple[Message, Part]]:
    """Why, and what to do meanwhile, has to be said once before the work begins; the first message is where to add it."""
    columns: dict[tuple[object, str], list[Message]] = {}
    for message in messages:
        if message.departure.phase is Phase.AHEAD and message.kind not in WITHOUT_TEXT and not message.departure.is_correction:
            columns.setdefault((message.column, message.template.language), []).append(message)
    for series in columns.values():
        first = min(series, key=lambda message: message.departure.about_at)
        for part in (Part.REASON, Part.ALTERNATIVES):
            is_known = any(first.values.get(name) for name in SAID_BY[part])
            if is_known and part not in TOO_SHORT_FOR.get(first.kind, ()) and not any(says(one, part) for one in series):
                yield first, part


def says(message: Message, part: Part) -> bool:
    """Times and facts are known by the very words that the variables give: what is written by hand would not move along."""
    language, text = message.template.language, f"{message.subject}\n{message.text}"
    if part is Part.THANKS:
        return lexicon.has("thanks", text, language) or language not in lexicon.languages()
    if part is Part.SUBJECT:
        text = message.subject
    if part is Part.HELP and lexicon.has("help", text, language):
        return True
    plain = _plain(text)
    return any(_plain(value) in plain for name in SAID_BY[part] for value in _said(message, name))


def _said(message: Message, name: str) -> list[str]:
    value = message.values.get(name, "")
    found = [value, *value.split(", ")] if name == "services" else [value]
    return [one for one in found if one.strip()]


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())
