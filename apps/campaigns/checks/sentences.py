"""The remarks of the rules as sentences for a planner, in the planner's language and with every time in its zone."""

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any

from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from apps.channels.models import ChannelKind
from apps.common.times import format_day, format_period
from apps.windows.sentences import notice_sentence, overlap_sentence

from ..languages import language_name
from ..models import Urgency
from ..moments import instant_words
from .completeness import Part
from .facts import Template
from .rules import Code, Remark

Words = str | Promise
Values = Mapping[str, Any]

PARTS: Mapping[Part, Words] = {
    Part.SUBJECT: gettext_lazy("in the subject, what it is about"),
    Part.START: gettext_lazy("the exact start with its zone"),
    Part.DURATION: gettext_lazy("the duration"),
    Part.END: gettext_lazy("the expected end with its zone"),
    Part.IMPACT: gettext_lazy("what does and does not work"),
    Part.REASON: gettext_lazy("the reason"),
    Part.ALTERNATIVES: gettext_lazy("what people can do instead"),
    Part.UPDATES: gettext_lazy("where to follow the state"),
    Part.HELP: gettext_lazy("where to get help"),
    Part.THANKS: gettext_lazy("thanks"),
}
FIELDS: Mapping[str, Words] = {
    "title": gettext_lazy("title"),
    "reason": gettext_lazy("reason"),
    "effect": gettext_lazy("effect"),
    "alternatives": gettext_lazy("alternatives"),
}


def sentence_of(remark: Remark) -> str:
    return SENTENCES[remark.code](remark.values)


def _given(values: Values) -> str:
    """What another room has put into words already."""
    return str(values["sentence"])


def _overlap(values: Values) -> str:
    other, more = values["overlap"], values["more"]
    sentence = overlap_sentence(
        title=other.title, services=other.services, starts_at=other.starts_at, ends_at=other.ends_at, zone=other.time_zone
    )
    if not more:
        return sentence
    further = ngettext("%(count)s further window overlaps, too.", "%(count)s further windows overlap, too.", more)
    return f"{sentence} {further % {'count': more}}"


def _blackout(values: Values) -> str:
    closure = values["closure"]
    period = format_period(closure.starts_at, closure.ends_at - timedelta(minutes=1), zone=values["zone"], language=_language())
    if closure.is_strict:
        return _("It falls into “%(name)s” (%(period)s), when nothing may be scheduled.") % {
            "name": closure.name,
            "period": period,
        }
    return _("It falls into “%(name)s” (%(period)s), when no work is wanted.") % {"name": closure.name, "period": period}


def _holiday(values: Values) -> str:
    holiday = values["holiday"]
    words = {"day": format_day(holiday.day, language=_language()), "name": holiday.name, "region": holiday.region}
    return _("%(day)s is a public holiday (%(name)s, %(region)s).") % words


def _quiet_hours(values: Values) -> str:
    column, count = values["column"], values["count"]
    words = {
        "channel": column.channel,
        "segment": column.segment,
        "moment": values["words"],
        "count": _number(count),
        "at": instant_words(values["leaves_at"], values["zone"]),
    }
    if values["is_late"]:
        sentence = ngettext(
            "“%(channel)s” to “%(segment)s”: %(moment)s would ring at night or at a weekend for %(count)s person, where it is too late to move it ahead; it leaves %(at)s.",
            "“%(channel)s” to “%(segment)s”: %(moment)s would ring at night or at a weekend for %(count)s people, where it is too late to move it ahead; it leaves %(at)s.",
            count,
        )
    else:
        sentence = ngettext(
            "“%(channel)s” to “%(segment)s”: %(moment)s would ring at night or at a weekend for %(count)s person; it leaves earlier, %(at)s.",
            "“%(channel)s” to “%(segment)s”: %(moment)s would ring at night or at a weekend for %(count)s people; it leaves earlier, %(at)s.",
            count,
        )
    more = values["moments"] - 1
    if not more:
        return sentence % words
    others = ngettext("So does %(count)s further moment.", "So do %(count)s further moments.", more) % {"count": more}
    return f"{sentence % words} {others}"


def _many_updates(values: Values) -> str:
    return _(
        "%(count)s updates are to leave while the work runs, %(messages)s messages in all: more than anybody reads. Let their moment repeat less often, or take it out and write by hand."
    ) % {"count": _number(values["count"]), "messages": _number(values["messages"])}


def _no_address(values: Values) -> str:
    count = values["count"]
    if values["address"] == "phone":
        sentence = ngettext(
            "%(count)s person of “%(segment)s” has no phone number and gets nothing by “%(channel)s”.",
            "%(count)s people of “%(segment)s” have no phone number and get nothing by “%(channel)s”.",
            count,
        )
    else:
        sentence = ngettext(
            "%(count)s person of “%(segment)s” has no e-mail address and gets nothing by “%(channel)s”.",
            "%(count)s people of “%(segment)s” have no e-mail address and get nothing by “%(channel)s”.",
            count,
        )
    sentence %= {"count": _number(count), "segment": values["segment"], "channel": values["channel"]}
    if not values["otherwise"]:
        return sentence
    return sentence + " " + _("Some moments go to them by “%(channel)s” instead.") % {"channel": values["otherwise"]}


def _twice(values: Values) -> str:
    count = values["count"]
    return ngettext(
        "%(count)s person belongs to more than one of %(segments)s: each moment reaches them once, by the segment that is sent first.",
        "%(count)s people belong to more than one of %(segments)s: each moment reaches them once, by the segment that is sent first.",
        count,
    ) % {"count": _number(count), "segments": _quoted(values["segments"])}


def _too_many(values: Values) -> str:
    people, worst = values["people"], values["worst"]
    sentence = ngettext(
        "%(people)s person would get more than %(most)s messages within seven days: up to %(count)s from %(day)s on, %(own)s of them from this campaign.",
        "%(people)s people would get more than %(most)s messages within seven days: up to %(count)s from %(day)s on, %(own)s of them from this campaign.",
        people,
    )
    return sentence % {
        "people": _number(people),
        "most": values["most"],
        "count": worst.count,
        "own": worst.own,
        "day": format_day(worst.first, language=_language()),
    }


def _unwritten(values: Values) -> str:
    words = {"key": values["key"], "kind": ChannelKind(values["kind"]).label}
    if values["urgency"] == Urgency.URGENT:
        return _("There is a text “%(key)s” for %(kind)s, but for routine messages only: urgent ones cannot be composed.") % words
    if values["urgency"]:
        return _("There is a text “%(key)s” for %(kind)s, but for urgent messages only: others cannot be composed.") % words
    return _("There is no text “%(key)s” for %(kind)s: its messages cannot be composed.") % words


def _broken_text(values: Values) -> str:
    words = {"text": _template(values["template"]), "problems": " ".join(values["problems"][:3])}
    return _("%(text)s cannot be composed. %(problems)s") % words


def _untranslated_text(values: Values) -> str:
    count = values["count"]
    return ngettext(
        "%(count)s person who reads %(language)s gets these texts in %(instead)s: %(keys)s.",
        "%(count)s people who read %(language)s get these texts in %(instead)s: %(keys)s.",
        count,
    ) % {
        "count": _number(count),
        "language": language_name(values["language"]),
        "instead": language_name(values["instead"]),
        "keys": ", ".join(values["keys"]),
    }


def _untranslated_window(values: Values) -> str:
    count = values["count"]
    return ngettext(
        "At least %(count)s recipient reads %(language)s, in which the window has no texts of its own yet.",
        "At least %(count)s recipients read %(language)s, in which the window has no texts of its own yet.",
        count,
    ) % {"count": _number(count), "language": language_name(values["language"])}


def _half_translated(values: Values) -> str:
    return _("In %(language)s the window does not say all that it says in %(instead)s: %(fields)s.") % {
        "language": language_name(values["language"]),
        "instead": language_name(values["instead"]),
        "fields": ", ".join(str(FIELDS[name]) for name in values["fields"]),
    }


def _incomplete(values: Values) -> str:
    return _("%(text)s does not say: %(parts)s.") % {
        "text": _template(values["template"]),
        "parts": ", ".join(str(PARTS[part]) for part in values["parts"]),
    }


def tone_sentence(code: Code, *, place: str, quotes: Iterable[str]) -> str:
    """Where it stands, what is quoted, and what to do about it."""
    return _("%(place)s: %(quotes)s. %(advice)s") % {"place": place, "quotes": _quoted(quotes), "advice": ADVICE[code]}


def _tone(code: Code) -> Callable[[Values], str]:
    return lambda values: tone_sentence(code, place=_place(values), quotes=values["quotes"])


def _apologises(values: Values) -> str:
    return _("%(text)s apologises %(count)s times: %(quotes)s. Once is enough.") % {
        "text": _template(values["template"]),
        "count": values["count"],
        "quotes": _quoted(values["quotes"]),
    }


def _long_sms(values: Values) -> str:
    words = {"text": _template(values["template"]), "parts": values["parts"], "places": values["places"]}
    sentence = _("%(text)s takes %(parts)s parts (%(places)s places), each of which is paid.") % words
    if not values["forced_by"]:
        return sentence
    return sentence + " " + _("“%(sign)s” forces the shorter parts.") % {"sign": values["forced_by"]}


def _plain(sentence: Words) -> Callable[[Values], str]:
    """A sentence whose places are named as the values are."""
    return lambda values: str(sentence) % values


ADVICE: Mapping[Code, Words] = {
    Code.MINIMISES: gettext_lazy("Do not play down what readers will feel: say what does not work, and for how long."),
    Code.BLAMES: gettext_lazy("Do not blame others: say what you do about it."),
    Code.PROMISES: gettext_lazy("Do not promise a quick return: give the expected end as a range."),
    Code.VAGUE: gettext_lazy("Be exact: give date, time and zone."),
}
SENTENCES: Mapping[Code, Callable[[Values], str]] = {
    Code.NO_SERVICES: _plain(gettext_lazy("Name at least one service that the work touches.")),
    Code.ALREADY_OVER: _plain(gettext_lazy("The window would already be over: the end must lie in the future.")),
    Code.CLOCK_NOTE: _given,
    Code.NOTICE: lambda values: notice_sentence(values["warning"]),
    Code.OVERLAP: _overlap,
    Code.BLACKOUT: _blackout,
    Code.HOLIDAY: _holiday,
    Code.NO_RANGE: _plain(
        gettext_lazy(
            "The end is announced to the minute: announce a range, so that the promise still holds when it takes longer."
        )
    ),
    Code.NOTHING_LEAVES: _plain(gettext_lazy("Nothing of this plan would leave by itself.")),
    Code.TOO_SLOW: _given,
    Code.MANY_UPDATES: _many_updates,
    Code.QUIET_HOURS: _quiet_hours,
    Code.BROKEN_SEGMENT: _plain(
        gettext_lazy("The rule of “%(segment)s” is broken, so nobody of it would be written to: %(problem)s")
    ),
    Code.EMPTY_SEGMENT: _plain(gettext_lazy("Nobody belongs to “%(segment)s”: its messages go to no one.")),
    Code.NO_ADDRESS: _no_address,
    Code.TWICE: _twice,
    Code.TOO_MANY: _too_many,
    Code.CHANNEL_OFF: _plain(gettext_lazy("The channel “%(channel)s” is switched off: nothing of this plan goes by it.")),
    Code.CHANNEL_UNSET: _plain(gettext_lazy("The channel “%(channel)s” cannot send: %(problem)s")),
    Code.STAYS_HERE: _plain(
        gettext_lazy("E-mail by “%(channel)s” does not leave this machine: it goes to “%(backend)s”, and nobody receives it.")
    ),
    Code.UNWRITTEN: _unwritten,
    Code.BROKEN_TEXT: _broken_text,
    Code.UNTRANSLATED_TEXT: _untranslated_text,
    Code.INCOMPLETE: _incomplete,
    **{code: _tone(code) for code in ADVICE},
    Code.APOLOGISES: _apologises,
    Code.LONG_SMS: _long_sms,
    Code.NO_REASON: _plain(gettext_lazy("The window does not say why the work is needed.")),
    Code.NO_ALTERNATIVES: _plain(gettext_lazy("The window does not say what people can do instead meanwhile.")),
    Code.UNTRANSLATED_WINDOW: _untranslated_window,
    Code.HALF_TRANSLATED: _half_translated,
}


def _place(values: Values) -> str:
    if "template" in values:
        template = _template(values["template"])
        if values["part"] == "subject":
            return _("%(text)s, subject") % {"text": template}
        return _at_lines(template, values["lines"])
    own = values["own"]
    where = _("The window's %(field)s (%(language)s)") % {
        "field": FIELDS[values["field"]],
        "language": language_name(own.language),
    }
    return _at_lines(where, values["lines"])


def _at_lines(where: str, lines: Iterable[int]) -> str:
    numbers = list(lines)
    if not numbers:
        return where
    words = ngettext("%(where)s, line %(lines)s", "%(where)s, lines %(lines)s", len(numbers))
    return words % {"where": where, "lines": ", ".join(map(str, numbers))}


def _template(template: Template) -> str:
    """“The text “announce” (English, SMS)”."""
    words = {"key": template.content_key, "language": language_name(template.language)}
    if not template.kind:
        return _("The text “%(key)s” (%(language)s)") % words
    return _("The text “%(key)s” (%(language)s, %(kind)s)") % {**words, "kind": ChannelKind(template.kind).label}


def _quoted(words: Iterable[str]) -> str:
    return ", ".join(_("“%(word)s”") % {"word": word} for word in words)


def _number(count: int) -> str:
    return number_format(count, force_grouping=True)


def _language() -> str:
    return get_language() or "en"
