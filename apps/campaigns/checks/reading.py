"""Each message as the campaign's window fills it: which text, and what it then says."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from uuid import UUID

from django.conf import settings
from django.utils.translation import get_language
from liquid.exceptions import LiquidError

from apps.channels.models import Channel, ChannelKind
from apps.channels.sms_parts import measure
from apps.common.text import one_line
from apps.windows.links import calendar_url, notice_url
from apps.windows.models import MaintenanceWindow, WindowStatus, WindowText

from ..board import Board, Column
from ..content import check_template
from ..content.choice import Use, best
from ..content.compiled import DEFAULT_SUBJECT
from ..content.context import Facts as Said
from ..content.context import contact_context, sender_of, shared_context
from ..content.liquid import outline, written
from ..content.slots import PLAIN, Pattern
from ..content.sms import short_text
from ..models import MessageTemplate, Urgency
from ..replanning import Times
from ..wishes import TEXTS, Wish
from .facts import Departure, Message, Phase, Template, Unwritten

NOT_SAVED = UUID(int=0)  # in the links of a window that has no page yet


@dataclass(kw_only=True)
class Reading:
    """What came of reading all messages of a plan."""

    messages: list[Message] = field(default_factory=list)
    templates: dict[int, Template] = field(default_factory=dict)
    unwritten: dict[tuple[str, str, str, str], Unwritten] = field(default_factory=dict)


def read_messages(wish: Wish, board: Board, departures: Sequence[Departure]) -> Reading:
    """One query, whatever the plan."""
    rows = list(MessageTemplate.objects.active().filter(content_key__in={departure.content_key for departure in departures}))
    reader = _Reader(wish=wish, rows=rows, columns={column.key: column for column in board.columns})
    for departure in departures:
        reader.read(departure)
    return reader.found


@dataclass(kw_only=True)
class _Reader:
    wish: Wish
    rows: Sequence[MessageTemplate]
    columns: Mapping[tuple[int | None, int], Column]
    found: Reading = field(default_factory=Reading)
    filled: dict[tuple[int, int, Phase, bool], "_Filled | None"] = field(default_factory=dict)
    contexts: dict[tuple[str, Phase, int, bool], dict[str, dict[str, object]]] = field(default_factory=dict)

    def read(self, departure: Departure) -> None:
        column = self.columns[departure.column]
        use = Use(
            content_key=departure.content_key,
            channel_kind=column.channel.kind,
            segment_id=departure.segment_id,
            urgency=departure.urgency,
        )
        for language, readers in self._readers(departure).items():
            row = best(self.rows, use=use, language=language)
            if row is None:
                self._lacks(departure, language, instead="", readers=readers, urgency=self._only_for(use, language))
                continue
            if row.language != language and readers:
                self._lacks(departure, language, instead=row.language, readers=readers)
            self._message(departure, row)

    def _readers(self, departure: Departure) -> Mapping[str, int]:
        """By language; a place, or a segment that nobody belongs to, hears the language of the window's texts."""
        return self.columns[departure.column].reach.languages or {self.wish.language: 0}

    def _only_for(self, use: Use, language: str) -> str:
        """The urgency of `use` where a message of another would have a text."""
        others = (replace(use, urgency=urgency) for urgency in Urgency.values if urgency != use.urgency)
        return use.urgency if any(best(self.rows, use=other, language=language) for other in others) else ""

    def _lacks(self, departure: Departure, language: str, *, instead: str, readers: int, urgency: str = "") -> None:
        kind = self.columns[departure.column].channel.kind
        key = departure.content_key, kind, language, urgency
        known = self.found.unwritten.get(key)
        self.found.unwritten[key] = Unwritten(
            content_key=departure.content_key,
            kind=kind,
            language=language,
            instead=instead,
            readers=max(readers, known.readers if known else 0),
            urgency=urgency,
        )

    def _message(self, departure: Departure, row: MessageTemplate) -> None:
        column = self.columns[departure.column]
        template = self.found.templates.setdefault(row.pk, _template(row))
        key = row.pk, column.channel.pk, departure.phase, departure.is_correction
        if key not in self.filled:
            self.filled[key] = _fill(row, self._context(departure, column.channel, row.language))
        filled = self.filled[key]
        if filled is None or template.problems:
            return
        size = measure(short_text(filled.text)) if column.channel.kind == ChannelKind.SMS else None
        message = Message(
            template=template,
            departure=departure,
            kind=column.channel.kind,
            segment=str(column.segment or ""),
            subject=filled.subject,
            text=filled.text,
            values=filled.values,
            sms_parts=size.parts if size else 0,
            sms_places=size.places if size else 0,
            sms_forced_by=size.forced_by if size else "",
        )
        self.found.messages.append(message)

    def _context(self, departure: Departure, channel: Channel, language: str) -> dict[str, dict[str, object]]:
        """What the variables say; most of it is the same for all messages of a language, a phase and a sender."""
        key = language, departure.phase, channel.pk, departure.is_correction
        if key not in self.contexts:
            said = said_of(self.wish, departure, channel)
            self.contexts[key] = shared_context(said, language=language, zone=said.time_zone)
        return {**self.contexts[key], "touchpoint": {"key": departure.content_key, "number": 1, "at": departure.words}}


@dataclass(frozen=True, kw_only=True)
class _Filled:
    subject: str
    text: str
    values: Mapping[str, str]


def _fill(row: MessageTemplate, shared: Mapping[str, Mapping[str, object]]) -> _Filled | None:
    """None where the text is broken, which its problems say."""
    contact = contact_context(None, language=row.language)
    try:
        subject, body = (_plain(source, shared, contact) for source in (row.subject or DEFAULT_SUBJECT, row.body))
    except LiquidError:
        return None
    values = {name: written(value) for name, value in shared["window"].items()}
    values["team_email"] = written(shared["team"]["email"])
    return _Filled(subject=one_line(subject), text=body, values=values)


def _plain(source: str, shared: Mapping[str, object], contact: Mapping[str, object]) -> str:
    skeleton = outline(source, shared, contact)
    return Pattern.cut(skeleton.text, PLAIN).join({number: str(value) for number, value in enumerate(skeleton.values)})


def _template(row: MessageTemplate) -> Template:
    return Template(
        pk=row.pk,
        content_key=row.content_key,
        language=row.language,
        kind=row.channel_kind,
        subject=row.subject,
        body=row.body,
        problems=_problems(row.subject, row.body, get_language() or "en"),
    )


@lru_cache(maxsize=512)
def _problems(subject: str, body: str, reader_language: str) -> tuple[str, ...]:
    """Kept, since texts change seldom and parsing them takes longer than all else; the sentences are in that language."""
    return tuple(check_template(subject, body))


def said_of(wish: Wish, departure: Departure, channel: Channel) -> Said:
    """What a message says of the window, as if all went to plan until it leaves."""
    window, existing = wish.window, wish.existing or MaintenanceWindow(uid=NOT_SAVED)
    team_name, team_email = sender_of(channel)
    begun, over = departure.phase is not Phase.AHEAD, departure.phase is Phase.AFTER
    times = Times(starts_at=window.starts_at, ends_at=window.ends_at, announced_ends_at=window.announced_ends_at)
    return Said(
        uid=str(existing.uid),
        texts=tuple(window_texts(wish)),
        services=tuple(one_line(service.name) for service in wish.services),
        impact=wish.impact,
        status=WindowStatus.SCHEDULED,
        revision=existing.revision,
        time_zone=window.time_zone,
        times=times,
        previous=times if departure.is_correction else None,
        change_reason="",
        actual_started_at=window.starts_at if begun else None,
        actual_ended_at=window.ends_at if over else None,
        outcome="",
        is_temporary=False,
        notice_url=notice_url(existing),
        calendar_url=calendar_url(existing),
        team_name=team_name,
        team_email=team_email,
        touchpoint_key=departure.content_key,
        touchpoint_number=1,
        touchpoint_at=departure.about_at,
    )


def window_texts(wish: Wish) -> Iterable[WindowText]:
    """In each language of the installation; what is not translated falls back to the window's own."""
    own = wish.texts.get(wish.language, {})
    for language, _name in settings.LANGUAGES:
        texts = wish.texts.get(language, {})
        words = {name: texts.get(name) or own.get(name, "") for name in TEXTS}
        yield WindowText(language=language, **words | {"title": one_line(words["title"])})
