"""The message of a rehearsal: the very text that recipients would get, marked so that nobody can take it for the real one.

Nothing in it counts: no pixel, no addresses of clicks, no line to unsubscribe by a header, no calendar part. Its links to our
own pages lead to one that says what they would have led to.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation

from apps.campaigns.content import Compiled, Content, Material, gather, webhook_data, zone_of
from apps.campaigns.models import Anchor, Touchpoint
from apps.channels.messages import Message
from apps.channels.models import MAIL_KINDS, ChannelKind
from apps.channels.sms_parts import SmsSize, measure
from apps.common.text import one_line
from apps.windows.models import WindowStatus

from .. import links
from ..headers import mail_headers, site_domain
from ..models import Assumed, RehearsalMessage
from .marks import MARK, banner_sentences, marked_html, marked_text

_ANY_TOKEN = UUID(int=0)  # an address of a click is as long for every delivery


@dataclass(frozen=True, kw_only=True)
class Written:
    message: Message
    sms: SmsSize | None  # of the SMS that it is or stands for, as recipients would get it


def write(row: RehearsalMessage, *, at: datetime) -> Written:
    """Raises ContentError where the text cannot be written for the people it is meant for."""
    touchpoint = touchpoint_of(row)
    material = gather(touchpoint)
    compiled = _rehearsed(material, row).compiled(row.language, zone_of(row.stand_in, touchpoint.campaign.window))
    leaves = row.stand_in is not None and not row.stand_in.is_internal and not row.is_mandatory
    content = compiled.render(row.stand_in, unsubscribe_url=link("unsubscribe") if leaves else "")
    sms = _size(compiled, row) if row.channel_kind == ChannelKind.SMS else None
    if row.leaves_by and row.leaves_by.kind == ChannelKind.SMS:
        text = f"{MARK} {content.text}"
        return Written(message=Message(key=_key(row), address=row.address, subject=content.subject, text=text), sms=sms)
    return Written(message=_mail(row, touchpoint, content, sms, at=at), sms=sms)


def link(what: str) -> str:
    """The page that says what a link of the real message leads to."""
    return f"{settings.SITE_URL}{reverse('delivery:rehearsal_link', args=[what])}"


def touchpoint_of(row: RehearsalMessage) -> Touchpoint:
    """As the plan has it; never saved."""
    campaign = row.rehearsal.campaign
    return Touchpoint(
        campaign=campaign,
        step_key=row.step_key,
        occurrence=row.occurrence,
        segment=row.segment,
        channel=row.channel,
        audience=row.audience,
        content_key=row.content_key,
        urgency=row.urgency,
        is_mandatory=row.is_mandatory,
        revision=campaign.window.revision,
        due_at=row.would_leave_at,
    )


def _rehearsed(material: Material, row: RehearsalMessage) -> Material:
    """The facts as they would be when it leaves, if all goes as planned."""
    window, at = row.rehearsal.campaign.window, row.would_leave_at
    assumed: dict[str, object] = {"notice_url": link("notice"), "calendar_url": link("calendar")}
    if row.anchor and at and at >= window.starts_at:
        assumed["actual_started_at"] = window.actual_started_at or window.starts_at
        assumed["status"] = WindowStatus.IN_PROGRESS.value
    if row.anchor == Anchor.ACTUAL_END:
        assumed["actual_ended_at"] = window.actual_ended_at or window.ends_at
        assumed["status"] = WindowStatus.COMPLETED.value
    elif row.assumes == Assumed.UNCONFIRMED:
        assumed["actual_ended_at"] = None
    return replace(material, facts=replace(material.facts, **assumed))  # type: ignore[arg-type]


def _size(compiled: Compiled, row: RehearsalMessage) -> SmsSize:
    """With a link as long as a recipient's own."""
    return measure(compiled.render(row.stand_in, notice_url=links.click_urls()(_ANY_TOKEN, 1)).text)


def _mail(row: RehearsalMessage, touchpoint: Touchpoint, content: Content, sms: SmsSize | None, *, at: datetime) -> Message:
    own = row.channel_kind in MAIL_KINDS
    text = content.text if own else "\n\n".join(_parts_of_post(touchpoint, content))
    with translation.override(row.rehearsal.planner.language):
        banner = list(banner_sentences(row, content, sms))
        html = (
            content.html if own else render_to_string("email/rehearsed_post.html", {"text": text, "language": content.language})
        )
        words = [MARK, content.subject] if own else [MARK, f"{row.channel_name}:", content.subject]
        return Message(
            key=_key(row),
            address=row.address,
            subject=one_line(" ".join(words)),
            text=marked_text(text, banner),
            html=marked_html(html, banner),
            headers=_headers(row, content, at=at),
            tags=("rehearsal",),
        )


def _parts_of_post(touchpoint: Touchpoint, content: Content) -> Iterator[str]:
    yield content.text
    if touchpoint.channel.kind == ChannelKind.WEBHOOK:
        yield json.dumps(webhook_data(touchpoint), indent=2, ensure_ascii=False)


def _key(row: RehearsalMessage) -> str:
    """The same at every attempt."""
    return f"rehearsal-{row.rehearsal_id}-{row.pk}-{row.rehearsal.started_at:%Y%m%d%H%M%S%f}"


def _headers(row: RehearsalMessage, content: Content, *, at: datetime) -> Mapping[str, str]:
    domain = site_domain()
    thread = f"<rehearsal-{row.rehearsal_id}-{row.rehearsal.started_at:%Y%m%d%H%M%S%f}@{domain}>"
    common = mail_headers(message_id=f"<{_key(row)}@{domain}>", thread=thread, date=at, language=content.language)
    return {**common, "X-Preavis-Rehearsal": str(row.rehearsal_id)}
