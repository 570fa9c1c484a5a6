"""From deliveries to messages: each in its recipient's language and zone, with all that a reader or a server looks at."""

import hashlib
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from django.db import DatabaseError

from apps.campaigns.content import Compiled, Content, ContentError, gather, language_of, webhook_data, zone_of
from apps.campaigns.models import Audience, Touchpoint
from apps.channels.merging import Merge
from apps.channels.messages import Message, Wire
from apps.channels.models import MAIL_KINDS, ChannelKind
from apps.common import quiet_hours

from . import links
from .editions import keep_edition
from .headers import mail_headers, site_domain
from .invitations import CalendarBox
from .letters import LetterBox
from .maintnotes import MaintnoteBox
from .models import Batch, DeliveryState
from .outcomes import Outcome, Standstill
from .policy import DeliveryReason
from .store import read_touchpoint
from .waiting import WaitingRow

logger = logging.getLogger(__name__)

KEPT_SECONDS = 2.0


@dataclass(kw_only=True)
class Composed:
    """What a batch comes to: messages to hand over, deliveries that need none, and why some have to wait."""

    messages: list[tuple[WaitingRow, Message]] = field(default_factory=list)
    left_out: list[Outcome] = field(default_factory=list)
    standstill: Standstill | None = None
    edition_id: int | None = None  # what the messages say, kept; None: there are none


def compose_batch(
    batch: Batch,
    deliveries: Sequence[WaitingRow],
    *,
    at: datetime,
    takes_wire: bool = False,
    takes_merge: bool = False,
    desk: "Desk | None" = None,
) -> Composed:
    """Writes the messages of `deliveries`; `at` is their date, unless an earlier attempt fixed another.

    `takes_wire`: the transport wants e-mails as bytes; `takes_merge`: as form letters. `desk`: keeps what the next batch
    of the touchpoint can use.

    A recipient whose message cannot be written fails alone, with the error kept. A text that cannot be written for
    anybody makes its recipients wait until it has been mended.
    """
    composed = Composed()
    writer = (desk or Desk()).writer_for(batch, takes_wire=takes_wire, takes_merge=takes_merge)
    for delivery in deliveries:
        outcome = _objection(delivery, writer, at=at)
        if outcome:
            composed.left_out.append(outcome)
            continue
        try:
            compiled = writer.compiled_for(delivery)
        except ContentError as error:
            composed.standstill = Standstill(reason=DeliveryReason.TEXT_BROKEN, text=str(error))
            continue
        try:
            composed.messages.append((delivery, writer.message(delivery, compiled, at=at)))
        except DatabaseError:
            raise
        except Exception as error:
            logger.exception("The message of delivery %s cannot be written", delivery.pk)
            failed, why = DeliveryState.FAILED, DeliveryReason.CONTENT_ERROR
            composed.left_out.append(Outcome.left_out(delivery, failed, why, at=at, text=str(error) or repr(error)))
    if composed.messages:
        composed.edition_id = writer.keep_edition(at)
    return composed


class Desk:
    """What is at hand of touchpoints: the next batch of one, a moment later, need not read and cut its texts again.

    Whatever is edited, window or text, is in the messages written KEPT_SECONDS later. A change of plan is in them at once:
    it makes batches of its own, and the statement that marks a batch asks the touchpoint itself whether it may still leave.
    """

    def __init__(self) -> None:
        self._folders: dict[tuple[int, datetime], Folder] = {}

    def touchpoint_of(self, batch: Batch) -> Touchpoint:
        now, key = time.monotonic(), (batch.touchpoint_id, batch.created_at)
        self._folders = {known: folder for known, folder in self._folders.items() if now < folder.read_at + KEPT_SECONDS}
        if key not in self._folders:
            self._folders[key] = Folder(touchpoint=read_touchpoint(batch), read_at=now)
        return self._folders[key].touchpoint

    def writer_for(self, batch: Batch, *, takes_wire: bool, takes_merge: bool) -> "Writer":
        folder = self._folders.get((batch.touchpoint_id, batch.created_at))
        if folder is None or folder.touchpoint is not batch.touchpoint:
            return Writer(batch, takes_wire=takes_wire, takes_merge=takes_merge)
        key = (takes_wire, takes_merge)
        if key not in folder.writers:
            folder.writers[key] = Writer(batch, takes_wire=takes_wire, takes_merge=takes_merge)
        return folder.writers[key]


@dataclass(kw_only=True)
class Folder:
    """A touchpoint as it was read, and those who write its messages from that."""

    touchpoint: Touchpoint
    read_at: float
    writers: "dict[tuple[bool, bool], Writer]" = field(default_factory=dict)


class Writer:
    """Writes the messages of one touchpoint; reads what they have in common once."""

    def __init__(self, batch: Batch, *, takes_wire: bool, takes_merge: bool) -> None:
        self._edition_id: int | None = None
        self.takes_wire, self.takes_merge = takes_wire, takes_merge
        self.touchpoint = batch.touchpoint
        self.kind = batch.channel.kind
        self.rings = quiet_hours.has_quiet_hours(kind=self.kind, urgency=self.touchpoint.urgency)
        self.window = self.touchpoint.campaign.window
        self.thread = hashlib.sha256(f"{self.window.uid} ".encode())
        self.domain = site_domain()
        self.material = gather(self.touchpoint)
        self._compiled: dict[tuple[str, str] | None, Compiled] = {}
        self.links = links.LinkBook(self.touchpoint.pk)
        self.open_url, self.click_url, self.unsubscribe_url = links.open_urls(), links.click_urls(), links.unsubscribe_urls()
        self.letters = LetterBox(self.links, notice_url=self.material.facts.notice_url, as_forms=takes_merge)
        self.calendars = CalendarBox(self.touchpoint)
        self.maintnotes = MaintnoteBox(self.touchpoint)
        self.data = webhook_data(self.touchpoint) if self.kind == ChannelKind.WEBHOOK else {}

    def keep_edition(self, at: datetime) -> int:
        """What its messages say is kept once, before the first of them leaves."""
        if self._edition_id is None:
            self._edition_id = keep_edition(self.material, at=at)
        return self._edition_id

    def zone_of(self, delivery: WaitingRow) -> str:
        return zone_of(delivery.contact, self.window)

    def compiled_for(self, delivery: WaitingRow) -> Compiled:
        """What its recipient shares with all of the same language and zone, as the contact names them."""
        wants = (delivery.contact.language, delivery.contact.time_zone) if delivery.contact else None
        if wants not in self._compiled:
            self._compiled[wants] = self.material.compiled(language_of(delivery.contact, self.window), self.zone_of(delivery))
        return self._compiled[wants]

    def message(self, delivery: WaitingRow, compiled: Compiled, *, at: datetime) -> Message:
        if self.kind in MAIL_KINDS:
            return self._mail(delivery, compiled, date=delivery.composed_at or at)
        content = compiled.render(delivery.contact, notice_url=self._notice_url(delivery))
        date = delivery.composed_at or at
        data = {"type": f"maintenance.{self.touchpoint.content_key}", "timestamp": date.isoformat(), **self.data}
        return Message(
            key=delivery.token.hex,
            address=delivery.address,
            subject=content.subject,
            text=content.text,
            data=data if self.data else {},
            tags=(self.touchpoint.content_key,),
        )

    def _mail(self, delivery: WaitingRow, compiled: Compiled, *, date: datetime) -> Message:
        key, leaves = delivery.token.hex, self._may_unsubscribe(delivery)
        text, html = "", ""
        wire: Wire | Merge | None = None
        is_shared = self.takes_wire or self.takes_merge
        if is_shared and (written := self.letters.write(delivery, compiled, has_unsubscribe=leaves)):
            subject, wire, leave = written
        else:
            leave = self.unsubscribe_url(delivery.token) if leaves else ""
            content = self._rendered(delivery, compiled, leave=leave)
            subject, text, html = content.subject, content.text, content.html
            if self.takes_wire:
                text, html, wire = "", "", Wire.of(text=text, html=html)
        return Message(
            key=key,
            address=delivery.address,
            subject=subject,
            text=text,
            html=html,
            headers=self._headers(delivery, key, date=date, language=compiled.source.language, leave=leave),
            tags=(self.touchpoint.content_key,),
            wire=wire if isinstance(wire, Wire) else None,
            merge=wire if isinstance(wire, Merge) else None,
            calendar=self.calendars.part(delivery, compiled.source.language) if delivery.invitation else None,
            maintnote=self.maintnotes.file(delivery, compiled.source.language) if self.maintnotes.is_used else b"",
        )

    def _rendered(self, delivery: WaitingRow, compiled: Compiled, *, leave: str) -> Content:
        notice = self._notice_url(delivery)
        pixel = self.open_url(delivery.token)
        content = compiled.render(delivery.contact, notice_url=notice, unsubscribe_url=leave, pixel_url=pixel)
        html = links.rewrite_links(content.html, number_of=self.links.number_of, token=delivery.token, keep=(notice, leave))
        return replace(content, html=html)

    def _notice_url(self, delivery: WaitingRow) -> str:
        """The notice page by a signed link of the recipient's own; a place that many people read gets the plain one."""
        number = self.links.number_of(self.material.facts.notice_url) if delivery.contact else None
        return "" if number is None else self.click_url(delivery.token, number)

    def _may_unsubscribe(self, delivery: WaitingRow) -> bool:
        return delivery.contact is not None and not self.touchpoint.is_mandatory and not delivery.contact.is_internal

    def _headers(self, delivery: WaitingRow, key: str, *, date: datetime, language: str, leave: str) -> Mapping[str, str]:
        """All messages of a window to one person form one thread."""
        thread = self.thread.copy()
        thread.update(str(delivery.contact_id).encode())
        headers = mail_headers(
            message_id=f"<{key}@{self.domain}>",
            thread=f"<{thread.hexdigest()[:32]}@{self.domain}>",
            date=date,
            language=language,
        )
        if leave:
            headers["List-Unsubscribe"] = f"<{leave}>"
            headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"  # RFC 8058
        return headers


def _objection(delivery: WaitingRow, writer: Writer, *, at: datetime) -> Outcome | None:
    """What has come up against the delivery since it was written."""
    if delivery.suppression:
        return Outcome.left_out(delivery, DeliveryState.SUPPRESSED, delivery.suppression, at=at)
    if delivery.contact and delivery.contact.archived_at and writer.touchpoint.audience != Audience.TOLD:
        return Outcome.left_out(delivery, DeliveryState.SUPPRESSED, DeliveryReason.ARCHIVED, at=at)
    if writer.rings and quiet_hours.is_quiet(at, writer.zone_of(delivery)):
        return Outcome.left_out(delivery, DeliveryState.EXPIRED, DeliveryReason.QUIET_HOURS, at=at)
    return None
