"""From a touchpoint to the message of one recipient.

    material = gather(touchpoint)                          the queries, once
    compiled = material.compiled(language, zone)           what recipients of one language and zone share; kept
    content = compiled.render(contact, …)                  a join

Templates that branch on the contact are rendered in full for each contact. Both ways share every step behind Liquid,
and give the same bytes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from django.utils.translation import gettext as _
from liquid.exceptions import LiquidError

from apps.common.text import one_line
from apps.windows.models import WindowRevision

from ..models import MessageTemplate, Touchpoint, TouchpointText
from .choice import choose, templates_for
from .context import Facts, Reader, contact_context, facts_of, shared_context
from .errors import ContentError
from .layout import LETTERS, Document, Frame, document
from .liquid import NeedsContact, PerRecipient, Skeleton, SkeletonValue, outline, sentence
from .looks import Look, current_look, default_look
from .phrases import phrases
from .slots import CALENDAR, NOTICE, PIXEL, SUBJECT, TEAM, UNSUBSCRIBE, WHY
from .wire import Letter

DEFAULT_SUBJECT = "{{ window.title }}"
BODY_MARKS = 100_000  # the marks of the body are numbered from here, those of the subject from 0


@dataclass(frozen=True, kw_only=True)
class Content:
    """What one recipient reads. `html` is empty for chat, SMS and webhooks; `language` is the one it is written in."""

    subject: str
    text: str
    html: str
    language: str


@dataclass(frozen=True, kw_only=True)
class Source:
    """A template by value, so that an edited one is another."""

    name: str
    language: str
    subject: str
    body: str


@dataclass(frozen=True, kw_only=True)
class _Outline:
    """Subject and body as Liquid left them."""

    subject: str
    body: str
    values: Mapping[int, SkeletonValue]


@dataclass(frozen=True, kw_only=True)
class Material:
    """All that a touchpoint's messages are made of, read once."""

    touchpoint: Touchpoint
    facts: Facts
    templates: tuple[MessageTemplate, ...]
    look: Look = field(default_factory=default_look)
    fixed: Mapping[str, "Source"] = field(default_factory=dict)  # by language: in place of what the templates say
    compilations: dict[tuple[str, str], "Compiled"] = field(default_factory=dict)

    def compiled(self, language: str, zone: str) -> "Compiled":
        """What recipients of one language and zone share; raises ContentError where there is no sound text for them."""
        key = language, zone
        if key not in self.compilations:
            kind = self.touchpoint.channel.kind
            self.compilations[key] = compile_source(self.source(language), self.facts, zone, kind, self.look)
        return self.compilations[key]

    def source(self, language: str) -> Source:
        """The text for readers of `language`: the touchpoint's own, else the template that fits; else ContentError."""
        if language in self.fixed:
            return self.fixed[language]
        row = choose(self.templates, touchpoint=self.touchpoint, language=language)
        return _source_of(row)


@dataclass(frozen=True, kw_only=True)
class Compiled:
    """The messages of one template, language and zone. Immutable but for the documents it has already filled."""

    source: Source
    facts: Facts
    kind: str
    look: Look
    shared: Mapping[str, object]
    common: _Outline | None  # None: the template branches on the contact
    documents: dict[Frame, Document] = field(default_factory=dict)

    def render(self, contact: Reader | None, *, notice_url: str = "", unsubscribe_url: str = "", pixel_url: str = "") -> Content:
        """The message to `contact` (None: to a broadcast channel's place).

        `notice_url` takes the place of the plain address of the notice page wherever the template links to it. Without
        `unsubscribe_url` the footer offers none; without `pixel_url` there is no picture.
        """
        about = contact_context(contact, language=self.source.language)
        found = self.common or _outline(self.source, self.shared, about)
        frame = self._frame(has_unsubscribe=bool(unsubscribe_url), has_pixel=bool(pixel_url))
        values = {
            NOTICE: notice_url or self.facts.notice_url,
            UNSUBSCRIBE: unsubscribe_url,
            PIXEL: pixel_url,
            TEAM: self.facts.team_name,
            CALENDAR: self._calendar_url,
            WHY: self._why(is_internal=contact is not None and contact.is_internal),
        }
        for number, value in found.values.items():
            values[number] = value if isinstance(value, str) else value(about)
        made = self._document(found, frame)
        subject = values[SUBJECT] = one_line(made.subject.join(values))
        return Content(
            subject=subject,
            text=made.finish(made.text.join(values)),
            html=made.html.join(values),
            language=self.source.language,
        )

    def letter(self, *, is_internal: bool, has_unsubscribe: bool) -> Letter | None:
        """What all colleagues, or all customers, are written, with a pixel; None where each is written another text."""
        if self.common is None:
            return None
        made = self._document(self.common, self._frame(has_unsubscribe=has_unsubscribe, has_pixel=True))
        if NOTICE in {number for number, _encode in made.subject.slots}:  # each one's own address, in a header
            return None
        known = {WHY: self._why(is_internal=is_internal)}
        if not made.subject.slots:
            known[SUBJECT] = one_line(made.subject.join({}))
        text, html = made.text.fill(known), made.html.fill(known)
        asked = {number for pattern in (made.subject, text, html) for number, _encode in pattern.slots}
        asks = {number: ask for number, ask in self.common.values.items() if number in asked and not isinstance(ask, str)}
        return Letter(language=self.source.language, subject=made.subject, text=text, html=html, asks=asks)

    def _frame(self, *, has_unsubscribe: bool, has_pixel: bool) -> Frame:
        return Frame(
            kind=self.kind,
            language=self.source.language,
            has_unsubscribe=has_unsubscribe,
            has_pixel=has_pixel,
            look=self.look,
        )

    @property
    def _calendar_url(self) -> str:
        return f"{self.facts.calendar_url}?lang={self.source.language}"

    def _why(self, *, is_internal: bool) -> str:
        why = "why_colleague" if is_internal else "why_customer"
        return str(phrases(self.source.language)["footer"][why].format(team=self.facts.team_name))

    def _document(self, found: _Outline, frame: Frame) -> Document:
        """The document of an outline; with the common values already written in where the outline is common."""
        if found is not self.common:
            return document(found.subject, found.body, frame)
        if frame not in self.documents:
            made = document(found.subject, found.body, frame)
            known = {number: value for number, value in found.values.items() if isinstance(value, str)}
            known |= {TEAM: self.facts.team_name, CALENDAR: self._calendar_url}
            self.documents[frame] = Document(
                subject=made.subject.fill(known), text=made.text.fill(known), html=made.html.fill(known), finish=made.finish
            )
        return self.documents[frame]


def gather(touchpoint: Touchpoint, revision: WindowRevision | None = None) -> Material:
    """Reads the window, its services, translations and revisions, the texts and, for letters, the brand: seven queries."""
    facts = facts_of(touchpoint, revision)
    look = current_look() if touchpoint.channel.kind in LETTERS else default_look()
    own = touchpoint.texts.all() if touchpoint.pk else ()
    fixed = {row.language: _source_of(row) for row in own}
    return Material(touchpoint=touchpoint, facts=facts, templates=tuple(templates_for(touchpoint)), look=look, fixed=fixed)


def _source_of(row: MessageTemplate | TouchpointText) -> Source:
    return Source(name=str(row), language=row.language, subject=row.subject or DEFAULT_SUBJECT, body=row.body)


def render(
    *,
    touchpoint: Touchpoint,
    contact: Reader | None,
    language: str,
    zone: str,
    revision: WindowRevision | None = None,
    notice_url: str = "",
    unsubscribe_url: str = "",
    pixel_url: str = "",
) -> Content:
    """One message, its queries included: for previews and single sends. Batches use `gather` once and then its `compiled`."""
    compiled = gather(touchpoint, revision).compiled(language, zone)
    return compiled.render(contact, notice_url=notice_url, unsubscribe_url=unsubscribe_url, pixel_url=pixel_url)


@lru_cache(maxsize=256)
def compile_source(source: Source, facts: Facts, zone: str, kind: str, look: Look | None = None) -> Compiled:
    """Kept by value: whatever is edited, window, revision or text, makes another entry, and an old one is never used."""
    shared = shared_context(facts, language=source.language, zone=zone)
    shared["window"]["notice_url"] = PerRecipient(facts.notice_url, slot=NOTICE)
    _outline(source, shared, contact_context(None, language=source.language))  # a broken text is broken for all: say so now
    try:
        common = _outline(source, shared, None)
    except NeedsContact:
        common = None
    return Compiled(source=source, facts=facts, kind=kind, look=look or default_look(), shared=shared, common=common)


def _outline(source: Source, shared: Mapping[str, object], about: Mapping[str, object] | None) -> _Outline:
    try:
        subject = outline(source.subject, shared, about)
        body = outline(source.body, shared, about, first_mark=BODY_MARKS)
    except LiquidError as error:
        problem = sentence(error)
        raise ContentError(
            _("The text %(name)s cannot be rendered. %(problem)s") % {"name": source.name, "problem": problem}
        ) from error
    return _Outline(subject=subject.text, body=body.text, values=_numbered(subject, 0) | _numbered(body, BODY_MARKS))


def _numbered(skeleton: Skeleton, first: int) -> dict[int, SkeletonValue]:
    return dict(enumerate(skeleton.values, start=first))
