"""What the rules are told of a campaign: plain values, read once. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum

from apps.windows.closures import Closure
from apps.windows.public_holidays import Holiday


@dataclass(frozen=True, kw_only=True)
class Times:
    """`notice` is None once recipients have been told; `clock_notes` are sentences about the clock at the typed times."""

    starts_at: datetime
    ends_at: datetime
    announced_ends_at: datetime
    time_zone: str
    impact: str
    now: datetime
    notice: timedelta | None
    has_begun: bool = False
    clock_notes: Sequence[str] = ()

    @property
    def duration(self) -> timedelta:
        return self.ends_at - self.starts_at

    @property
    def has_range(self) -> bool:
        return self.announced_ends_at > self.ends_at


@dataclass(frozen=True, kw_only=True)
class Overlap:
    pk: int
    title: str
    services: Sequence[str]
    starts_at: datetime
    ends_at: datetime
    time_zone: str


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What else goes on at the time of the window."""

    service_ids: frozenset[int]
    overlaps: Sequence[Overlap]
    closures: Sequence[Closure]
    holidays: Sequence[Holiday]


class Phase(StrEnum):
    """What a message speaks of."""

    AHEAD = "ahead"
    RUNNING = "running"
    AFTER = "after"


@dataclass(frozen=True, kw_only=True)
class Departure:
    """One cell of the plan whose messages would leave; `moment` names those of one moment, `due_at` is None where it is
    not known yet."""

    moment: str
    words: str  # “−1 h before the start”
    segment_id: int | None
    channel_id: int
    content_key: str
    phase: Phase
    due_at: datetime | None
    about_at: datetime  # when it leaves if all goes to plan
    useful_until: datetime | None
    recipients: int | None
    urgency: str = "routine"
    otherwise: str = ""
    is_correction: bool = False  # not of the plan: what those of the column hear if what they were told becomes false

    @property
    def column(self) -> tuple[int | None, int]:
        return self.segment_id, self.channel_id


@dataclass(frozen=True, kw_only=True)
class Column:
    """A segment by a channel, and how many it reaches; `languages` counts those who have the address."""

    segment_id: int | None
    segment: str
    channel_id: int
    channel: str
    kind: str
    address: str  # "email", "phone" or, for a place, nothing
    is_enabled: bool
    problem: str  # why the channel cannot send, a sentence
    stays_here: str  # the e-mail backend from which nothing leaves the machine
    segment_problem: str
    people: int
    without_address: int
    languages: Mapping[str, int]
    zones: Mapping[str, int] = field(default_factory=dict)  # where quiet hours matter: people by zone

    @property
    def is_place(self) -> bool:
        return self.segment_id is None

    @property
    def key(self) -> tuple[int | None, int]:
        return self.segment_id, self.channel_id


@dataclass(frozen=True, kw_only=True)
class People:
    """As many contacts belong to exactly these of the segments, and have these addresses."""

    count: int
    segment_ids: frozenset[int]
    addresses: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class OtherMessages:
    """What other campaigns send to a segment on a day, in UTC."""

    day: date
    segment_id: int
    address: str
    count: int


@dataclass(frozen=True, kw_only=True)
class Crowd:
    """The people of the campaign, and all that they are sent in these weeks."""

    people: Sequence[People]
    others: Sequence[OtherMessages]
    most_a_week: int


@dataclass(frozen=True, kw_only=True)
class Template:
    """A text of which some message of the campaign is made; `problems` are sentences, each naming its line."""

    pk: int
    content_key: str
    language: str
    kind: str  # a channel kind, or nothing: all of them
    subject: str
    body: str
    problems: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Message:
    """A template as the campaign's window fills it. `values`: what the window's variables say."""

    template: Template
    departure: Departure
    kind: str
    segment: str
    subject: str
    text: str
    values: Mapping[str, str]
    sms_parts: int = 0
    sms_places: int = 0
    sms_forced_by: str = ""

    @property
    def column(self) -> tuple[int | None, int]:
        return self.departure.segment_id, self.departure.channel_id


@dataclass(frozen=True, kw_only=True)
class Unwritten:
    """A content for which there is no text in a language that its recipients read; `instead`: in which they get it.

    `urgency`: the only one that lacks it, where there is a text for messages of another.
    """

    content_key: str
    kind: str
    language: str
    instead: str
    readers: int
    urgency: str = ""


@dataclass(frozen=True, kw_only=True)
class OwnText:
    """What the window says of itself in one language, as it was typed: title, reason, effect, alternatives."""

    language: str
    is_own: bool
    texts: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Facts:
    times: Times
    around: Surroundings
    departures: Sequence[Departure]
    columns: Sequence[Column]
    slow: Mapping[str, str]  # what takes too long at the pace of its channel, by the name of its cell, as a sentence
    crowd: Crowd
    messages: Sequence[Message]  # of the plan, and the corrections that would follow if the window moved
    templates: Sequence[Template]
    unwritten: Sequence[Unwritten]
    own_texts: Sequence[OwnText]
    window_id: int | None
    playbook_id: int
