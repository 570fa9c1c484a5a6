"""What the rules say: a code, how grave it is, where its cause lies, and the values of its sentence. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from .findings import Level, Place


class Code(StrEnum):
    """One per rule, in the order in which they are told; their sentences stand in sentences.py, their names in names.py."""

    NO_SERVICES = "no_services"
    ALREADY_OVER = "already_over"
    CLOCK_NOTE = "clock_note"  # the typed time does not exist, or comes twice
    NOTICE = "notice"
    OVERLAP = "overlap"
    BLACKOUT = "blackout"
    HOLIDAY = "holiday"
    NO_RANGE = "no_range"
    NOTHING_LEAVES = "nothing_leaves"
    TOO_SLOW = "too_slow"
    MANY_UPDATES = "many_updates"  # while the work runs
    QUIET_HOURS = "quiet_hours"
    BROKEN_SEGMENT = "broken_segment"
    EMPTY_SEGMENT = "empty_segment"
    NO_ADDRESS = "no_address"
    TWICE = "twice"  # the same people by several segments
    TOO_MANY = "too_many"  # messages a week
    CHANNEL_OFF = "channel_off"
    CHANNEL_UNSET = "channel_unset"
    STAYS_HERE = "stays_here"  # e-mail that leaves no machine
    UNWRITTEN = "unwritten"
    BROKEN_TEXT = "broken_text"  # an unknown variable above all
    UNTRANSLATED_TEXT = "untranslated_text"
    INCOMPLETE = "incomplete"
    MINIMISES = "minimises"
    BLAMES = "blames"
    PROMISES = "promises"
    VAGUE = "vague"
    APOLOGISES = "apologises"
    LONG_SMS = "long_sms"
    NO_REASON = "no_reason"
    NO_ALTERNATIVES = "no_alternatives"
    UNTRANSLATED_WINDOW = "untranslated_window"
    HALF_TRANSLATED = "half_translated"


class Cause(StrEnum):
    """What a finding leads to; `links.py` knows the page of each."""

    NOTHING = ""
    WINDOW_TIMES = "window_times"
    WINDOW_SERVICES = "window_services"
    WINDOW_TEXTS = "window_texts"
    OTHER_WINDOW = "other_window"
    BLACKOUT = "blackout"
    PLAYBOOK = "playbook"
    SEGMENT = "segment"
    WITHOUT_EMAIL = "without_email"
    WITHOUT_PHONE = "without_phone"
    CHANNEL = "channel"
    TEMPLATE = "template"
    NEW_TEMPLATE = "new_template"


@dataclass(frozen=True, kw_only=True)
class Target:
    """`pk` of the cause, and where in it: a line, or the field of a form."""

    cause: Cause = Cause.NOTHING
    pk: int | None = None
    line: int | None = None
    query: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Remark:
    """`cause` where the values of the sentence change by themselves as time goes by; see Finding."""

    code: Code
    level: Level
    place: Place
    values: Mapping[str, Any] = field(default_factory=dict)
    target: Target = field(default_factory=Target)
    cause: str = ""
