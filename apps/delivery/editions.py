"""The message of one delivery, read again: composed by the code that sent it, from what it was made of then."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext as _

from apps.campaigns.content import Content, ContentError, Material, gather, keep, language_of, material_of, zone_of
from apps.campaigns.models import MessageTemplate
from apps.channels.models import MAIL_KINDS

from .models import TOLD_STATES, Delivery, DeliveryState, Edition


def keep_edition(material: Material, *, at: datetime) -> int:
    """Writes what the messages of a touchpoint are made of, unless it is there already; returns its number."""
    digest, content = keep(material)
    rows = Edition.objects.filter(touchpoint=material.touchpoint, digest=digest).values_list("pk", flat=True)
    number = rows.first()
    if number is None:
        fresh = Edition(touchpoint=material.touchpoint, digest=digest, content=content, first_used_at=at)
        Edition.objects.bulk_create([fresh], ignore_conflicts=True)  # another worker may be writing the same
        number = rows.get()
    return number


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A message to look at. `was_sent`: it left, or may have; otherwise it is what would leave now."""

    content: Content | None
    was_sent: bool
    caveats: tuple[str, ...] = ()  # in how far what is shown may differ from what arrived
    problem: str = ""


def read_again(delivery: Delivery) -> Reading:
    """Needs `batch.edition`, `contact` and the touchpoint with its channel and the window.

    Looking at it counts as nothing: the recipient's own links and the counting picture are left out.
    """
    was_tried = delivery.attempts > 0 and delivery.state != DeliveryState.PENDING
    was_sent = was_tried or delivery.state in TOLD_STATES
    edition = delivery.batch.edition if delivery.batch and was_sent else None
    try:
        material = material_of(edition.content, delivery.touchpoint) if edition else _material_now(delivery, was_sent=was_sent)
        content = _content(delivery, material)
    except ContentError as error:
        return Reading(content=None, was_sent=was_sent, problem=str(error))
    caveats = tuple(_caveats(delivery, material, is_kept=edition is not None)) if was_sent else ()
    return Reading(content=content, was_sent=was_sent, caveats=caveats)


def _material_now(delivery: Delivery, *, was_sent: bool) -> Material:
    window = delivery.touchpoint.campaign.window
    announced = window.revisions.filter(number=delivery.revision).first() if was_sent else None
    return gather(delivery.touchpoint, announced)


def _content(delivery: Delivery, material: Material) -> Content:
    contact, window = delivery.contact, delivery.touchpoint.campaign.window
    compiled = material.compiled(language_of(contact, window), zone_of(contact, window))
    is_mail = delivery.touchpoint.channel.kind in MAIL_KINDS
    may_leave = contact is not None and not delivery.touchpoint.is_mandatory and not contact.is_internal
    # Not the recipient's own address: whoever reads this would unsubscribe somebody else.
    leave = f"{settings.SITE_URL}/…" if is_mail and may_leave else ""
    return compiled.render(contact, unsubscribe_url=leave)


def _caveats(delivery: Delivery, material: Material, *, is_kept: bool) -> list[str]:
    left_at = delivery.composed_at or delivery.sent_at or delivery.settled_at
    found = []
    if not is_kept:
        found.append(_("Its wording was not kept when it left: it is shown as today's texts would say it."))
        found += _edited_since(material, left_at)
    if delivery.contact and left_at and delivery.contact.updated_at > left_at:
        found.append(_("The contact has been changed since: name, language or time zone may have been others."))
    if delivery.state == DeliveryState.FAILED and delivery.sent_at is None:
        found.append(_("It was handed over and refused: nobody has received it."))
    return found


def _edited_since(material: Material, left_at: datetime | None) -> list[str]:
    window = material.touchpoint.campaign.window
    found = []
    if left_at and any(row.updated_at > left_at for row in material.templates if isinstance(row, MessageTemplate)):
        found.append(_("A template that it may have used has been edited since."))
    if left_at and window.content_changed_at > left_at:
        found.append(_("The window's own texts or times have been edited since."))
    return found
