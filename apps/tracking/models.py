import secrets
import uuid
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from apps.campaigns.models import Campaign
from apps.common.models import TimestampedModel
from apps.delivery.models import Delivery, Link


class EventType(models.TextChoices):
    """django-anymail's words for what came back."""

    DELIVERED = "delivered", _("Delivered")  # the recipient's server took it
    DEFERRED = "deferred", _("Deferred")  # the provider will try again
    BOUNCED = "bounced", _("Bounced")  # it came back
    REJECTED = "rejected", _("Rejected")  # the provider refused to send it
    FAILED = "failed", _("Failed")  # the provider could not send it
    OPENED = "opened", _("Opened")
    CLICKED = "clicked", _("Clicked")
    COMPLAINED = "complained", _("Complained")  # reported as unwanted
    UNSUBSCRIBED = "unsubscribed", _("Unsubscribed")
    AUTORESPONDED = "autoresponded", _("Automatic reply")
    UNKNOWN = "unknown", _("Unknown")  # kept, not understood


class Verdict(models.TextChoices):
    """Who is behind a signal, as far as one can tell; see verdicts.py for the rules."""

    HUMAN = "human", _("Person")
    MACHINE = "machine", _("Machine")  # a scanner or a proxy that loads everything
    PREFETCH = "prefetch", _("Prefetch")  # loaded ahead by a mail program, says nothing about reading
    UNKNOWN = "unknown", _("Undecided")
    NONE = "", "–"  # not a signal of a reader (delivered, bounced, …)


class Event(models.Model):
    """What the world answered to a delivery. Append-only: rows are never changed but for the verdict, by a re-scoring."""

    delivery = models.ForeignKey(Delivery, verbose_name=_("delivery"), on_delete=models.CASCADE, related_name="events")
    type = models.CharField(_("type"), max_length=16, choices=EventType.choices)
    at = models.DateTimeField(_("at"))  # by the event's own clock, not ours
    verdict = models.CharField(_("verdict"), max_length=12, choices=Verdict.choices, blank=True, default="")
    rule = models.CharField(_("rule"), max_length=40, blank=True, default="")  # which rule gave the verdict
    link = models.ForeignKey(Link, verbose_name=_("link"), null=True, on_delete=models.SET_NULL, related_name="+")
    key = models.CharField(max_length=100, unique=True)  # of the hit or the provider's event: a repeat adds nothing
    source = models.CharField(_("source"), max_length=24)  # "pixel", "redirect", or the provider's name
    user_agent = models.CharField(
        _("user agent"), max_length=300, blank=True, default=""
    )  # forgotten after TRACKING_FORGET_AFTER_DAYS
    detail = models.JSONField(_("detail"), default=dict, blank=True)

    class Meta:
        ordering = ("at", "id")
        verbose_name = _("event")
        verbose_name_plural = _("events")
        indexes = (models.Index(fields=("delivery", "type", "verdict"), name="event_of_delivery"),)

    def __str__(self) -> str:
        return f"{self.get_type_display()}, {self.at:%Y-%m-%d %H:%M} UTC"


class Answer(models.TextChoices):
    """What a recipient answered to an invitation, by the words of RFC 5545."""

    ACCEPTED = "accepted", pgettext_lazy("answer", "Accepted")
    DECLINED = "declined", pgettext_lazy("answer", "Declined")
    TENTATIVE = "tentative", pgettext_lazy("answer", "Tentative")


class Acknowledgement(models.Model):
    """The last answer of one recipient to the invitations of a campaign. An older one never takes its place."""

    campaign = models.ForeignKey(Campaign, verbose_name=_("campaign"), on_delete=models.CASCADE, related_name="acknowledgements")
    delivery = models.ForeignKey(
        Delivery, verbose_name=_("delivery"), on_delete=models.CASCADE, related_name="acknowledgements"
    )  # which brought the invitation
    address = models.CharField(_("address"), max_length=254)  # who answered: the attendee, in small letters
    answer = models.CharField(_("answer"), max_length=12, choices=Answer.choices)
    sequence = models.PositiveIntegerField(_("revision answered"))  # iCal SEQUENCE: which times they answered to
    comment = models.CharField(_("comment"), max_length=500, blank=True, default="")
    answered_at = models.DateTimeField(_("answered at"))  # by the recipient's calendar, never after received_at
    received_at = models.DateTimeField(_("received at"))

    class Meta:
        ordering = ("-answered_at", "-id")
        verbose_name = _("acknowledgement")
        verbose_name_plural = _("acknowledgements")
        constraints = (
            models.UniqueConstraint(fields=("campaign", "address"), name="one_acknowledgement_per_campaign_and_address"),
        )

    def __str__(self) -> str:
        return gettext("%(label)s: %(value)s") % {"label": self.address, "value": self.get_answer_display()}


class ProviderEventQuerySet(models.QuerySet["ProviderEvent"]):
    def waiting(self) -> Self:
        return self.filter(handled_at__isnull=True).order_by("id")


class ProviderEvent(models.Model):
    """What a mail provider reported, kept as it came until it has become an Event; unknown ones are kept, not errors."""

    provider = models.CharField(_("provider"), max_length=24)
    key = models.CharField(max_length=64, unique=True)  # names the report: a repeat adds nothing
    payload = models.JSONField(_("payload"))  # shape: esp.py
    received_at = models.DateTimeField(_("received at"))
    handled_at = models.DateTimeField(_("handled at"), null=True)
    note = models.CharField(_("note"), max_length=250, blank=True, default="")  # why it did not become an event

    objects = ProviderEventQuerySet.as_manager()

    class Meta:
        ordering = ("-received_at", "-id")
        verbose_name = _("provider report")
        verbose_name_plural = _("provider reports")
        indexes = (
            models.Index(fields=("id",), condition=Q(handled_at__isnull=True), name="provider_event_waiting"),
            models.Index(fields=("received_at",), name="provider_event_by_time"),
        )

    def __str__(self) -> str:
        return f"{self.provider} {self.key[:12]}"


def random_path() -> str:
    return secrets.token_urlsafe(24)


class TicketSource(TimestampedModel):
    """A help desk that reports its tickets: by signed webhook at its own random path, or by CSV."""

    name = models.CharField(_("name"), max_length=100, unique=True)
    slug = models.SlugField(_("slug"), max_length=60, unique=True)
    path = models.CharField(max_length=64, unique=True, default=random_path, editable=False)
    sealed_secrets = models.TextField(blank=True, editable=False)  # encrypted JSON list; two are valid during a rotation
    time_zone = models.CharField(_("time zone"), max_length=64, default="UTC", help_text=_("For CSV times without an offset."))
    last_seen_at = models.DateTimeField(_("last seen at"), null=True, editable=False)

    class Meta:
        ordering = ("name",)
        verbose_name = _("ticket source")
        verbose_name_plural = _("ticket sources")

    def __str__(self) -> str:
        return self.name


class TicketLink(models.TextChoices):
    """How a ticket was tied to a campaign."""

    NONE = "", _("Not tied")
    EXPLICIT = "explicit", _("Named by the help desk")  # tag maint:<uid>, or the campaign in the payload
    CANDIDATE = "candidate", _("Recipient, in time")  # the requester was told, and it came between -24 h and +24 h
    MANUAL = "manual", _("Set by the team")  # stays, whatever the help desk says later


class Ticket(models.Model):
    """A support request, kept without its text: enough to count, tie and find it again."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    source = models.ForeignKey(TicketSource, verbose_name=_("source"), on_delete=models.PROTECT, related_name="tickets")
    external_id = models.CharField(_("number"), max_length=100)
    opened_at = models.DateTimeField(_("opened at"))
    subject = models.CharField(_("subject"), max_length=200, blank=True)
    status = models.CharField(_("status"), max_length=40, blank=True)
    tags = models.JSONField(_("tags"), default=list, blank=True)
    requester_hash = models.CharField(max_length=64, blank=True, db_index=True)  # keyed hash of the e-mail address
    organisation = models.CharField(_("organisation"), max_length=120, blank=True)
    campaign = models.ForeignKey(
        Campaign, verbose_name=_("campaign"), null=True, blank=True, on_delete=models.SET_NULL, related_name="tickets"
    )
    delivery = models.ForeignKey(
        Delivery, verbose_name=_("delivery"), null=True, on_delete=models.SET_NULL, related_name="tickets"
    )
    link_kind = models.CharField(_("tie"), max_length=12, choices=TicketLink.choices, blank=True, default="")

    class Meta:
        ordering = ("-opened_at", "-id")
        verbose_name = _("ticket")
        verbose_name_plural = _("tickets")
        constraints = (models.UniqueConstraint(fields=("source", "external_id"), name="one_row_per_source_and_ticket"),)
        indexes = (models.Index(fields=("opened_at",), name="ticket_by_time"),)

    def __str__(self) -> str:
        return f"{self.source} {self.external_id}"


class WebhookReceipt(models.Model):
    """A verified incoming call: a repeat with the same id is answered and does nothing."""

    source = models.CharField(max_length=60)
    external_id = models.CharField(max_length=128)
    received_at = models.DateTimeField()

    class Meta:
        verbose_name = _("webhook receipt")
        verbose_name_plural = _("webhook receipts")
        constraints = (models.UniqueConstraint(fields=("source", "external_id"), name="one_receipt_per_source_and_call"),)

    def __str__(self) -> str:
        return f"{self.source} {self.external_id}"


class InboxSource(models.TextChoices):
    IMAP = "imap", _("Mailbox")
    PIPE = "pipe", _("Mail server")


class InboxMessage(models.Model):
    """A message that was taken in, by mailbox or pipe: a repeat does nothing. Of mail that is none of ours only the count is kept."""

    message_id = models.CharField(_("Message-ID"), max_length=200)
    digest = models.CharField(max_length=64)  # of its calendars: the same name on other contents is another message
    source = models.CharField(_("source"), max_length=8, choices=InboxSource.choices)
    sender = models.CharField(_("sender"), max_length=200, blank=True)
    subject = models.CharField(_("subject"), max_length=200, blank=True)
    replies = models.PositiveIntegerField(_("replies"), default=0)
    notices = models.PositiveIntegerField(_("notices"), default=0)
    others = models.PositiveIntegerField(_("other calendars"), default=0)
    problems = models.JSONField(_("problems"), default=list, blank=True)
    kept = models.TextField(_("what could not be read"), blank=True)
    received_at = models.DateTimeField(_("received at"))

    class Meta:
        ordering = ("-received_at", "-id")
        verbose_name = _("message received")
        verbose_name_plural = _("messages received")
        constraints = (models.UniqueConstraint(fields=("message_id", "digest"), name="one_row_per_message_received"),)
        indexes = (models.Index(fields=("received_at",), name="inbox_message_by_time"),)

    def __str__(self) -> str:
        return self.subject or self.message_id
