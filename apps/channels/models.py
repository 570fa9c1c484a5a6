from decimal import Decimal
from typing import Self, cast

from babel.numbers import is_currency
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.common.keeping import Archivable, ArchivableQuerySet
from apps.common.models import TimestampedModel
from apps.common.pausing import Pausable, PausableQuerySet
from apps.common.sealing import unseal


class ChannelKind(models.TextChoices):
    EMAIL = "email", _("E-mail")  # one message per contact, through any Django e-mail backend
    SMS = "sms", _("SMS")  # one message per contact, Twilio-compatible REST
    CHAT = "chat", _("Team chat")  # one post per touchpoint, Slack-compatible incoming webhook
    WEBHOOK = "webhook", _("Signed webhook")  # one call per touchpoint, Standard Webhooks
    MEMORY = "memory", _("Memory (tests and previews)")  # one message per contact, kept in the process


LOWEST_PRICE = Decimal("0.00001")
SLOWEST_PACE, FASTEST_PACE = 0.001, 100_000.0  # messages per second: 86 a day; more than any provider takes

MAIL_KINDS = (ChannelKind.EMAIL, ChannelKind.MEMORY)  # whose messages are e-mails
# The kinds that speak to a place rather than to each contact: one delivery without a contact per touchpoint.
BROADCAST_KINDS = (ChannelKind.CHAT, ChannelKind.WEBHOOK)


class AfterDoubt(models.TextChoices):
    """What becomes of a message of this channel whose answer was lost, when no evidence comes by itself."""

    USUAL = "", _("As usual for this kind of channel")
    WAIT = "wait", _("Wait for evidence; never send it again without a person's word")
    REPEAT = "repeat", _("Send it again at once, under the same name")
    WAIT_REPEAT = "wait_repeat", _("Wait for evidence, then send it once more under the same name")


REPEATING = (AfterDoubt.REPEAT, AfterDoubt.WAIT_REPEAT)
LONGEST_EVIDENCE_MINUTES = 7 * 24 * 60


class ChannelQuerySet(PausableQuerySet["Channel"], ArchivableQuerySet["Channel"]):  # type: ignore[override]
    def enabled(self) -> Self:
        return self.filter(is_enabled=True)


class Channel(Pausable, Archivable, TimestampedModel):
    """A configured way to reach people; the code that does it is the transport of its kind."""

    name = models.CharField(_("name"), max_length=100, unique=True)
    slug = models.SlugField(_("slug"), max_length=60, unique=True)
    kind = models.CharField(_("kind"), max_length=16, choices=ChannelKind.choices)
    is_enabled = models.BooleanField(_("enabled"), default=True)
    pace = models.FloatField(
        _("pace"),
        null=True,
        blank=True,
        validators=(MinValueValidator(SLOWEST_PACE), MaxValueValidator(FASTEST_PACE)),
        help_text=_(
            "Messages per second that the provider takes, of all workers together; 0.5 is one every two seconds. "
            "Empty: as fast as it goes."
        ),
    )
    part_price = models.DecimalField(
        _("price of a part"),
        max_digits=9,
        decimal_places=5,
        null=True,
        blank=True,
        validators=(MinValueValidator(LOWEST_PRICE),),
        help_text=_("What the provider asks for one part of a text message. Empty: no costs are estimated."),
    )
    part_currency = models.CharField(
        _("currency"),
        max_length=3,
        blank=True,
        default="",
        db_default="",
        help_text=_("Three letters, such as EUR."),
    )
    config = models.JSONField(_("configuration"), default=dict, blank=True)  # nothing secret
    sealed_secrets = models.TextField(blank=True, editable=False)  # see `secrets`
    after_doubt_routine = models.CharField(
        _("routine messages"), max_length=12, choices=AfterDoubt.choices, blank=True, default="", db_default=""
    )
    after_doubt_urgent = models.CharField(
        _("urgent messages"), max_length=12, choices=AfterDoubt.choices, blank=True, default="", db_default=""
    )
    evidence_minutes = models.PositiveSmallIntegerField(
        _("minutes to wait for evidence"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(LONGEST_EVIDENCE_MINUTES)],
        help_text=_("Bounces, opens and the provider's own records are evidence. Empty: 15."),
    )

    objects = ChannelQuerySet.as_manager()

    class Meta:
        ordering = ("name",)
        verbose_name = _("channel")
        verbose_name_plural = _("channels")
        constraints = (
            models.CheckConstraint(condition=~Q(slug=""), name="channel_has_a_slug"),
            models.CheckConstraint(
                condition=~Q(kind="sms") | Q(after_doubt_routine__in=("", "wait"), after_doubt_urgent__in=("", "wait")),
                name="sms_never_repeats_by_itself",
            ),
            models.CheckConstraint(
                condition=Q(evidence_minutes__isnull=True) | Q(evidence_minutes__range=(1, LONGEST_EVIDENCE_MINUTES)),
                name="evidence_is_waited_for_a_week_at_most",
            ),
            models.CheckConstraint(condition=Q(pace__isnull=True) | Q(pace__gt=0), name="channel_pace_goes_forward"),
            models.CheckConstraint(
                condition=Q(part_price__isnull=True, part_currency="") | (Q(part_price__gt=0) & ~Q(part_currency="")),
                name="price_of_a_part_has_a_currency",
            ),
        )

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        self._clean_price()
        self._clean_doubt()

    def _clean_price(self) -> None:
        self.part_currency = self.part_currency.upper()
        if self.part_price is None:
            self.part_currency = ""
        elif not is_currency(self.part_currency):
            raise ValidationError({"part_currency": _("Give the currency of the price by its three letters, such as EUR.")})

    def _clean_doubt(self) -> None:
        """An SMS has no name that a phone could recognise a repeat by."""
        fields = ("after_doubt_routine", "after_doubt_urgent")
        repeating = [name for name in fields if getattr(self, name) in REPEATING]
        if self.kind == ChannelKind.SMS and repeating:
            sentence = _("An SMS never goes again by itself: whoever has received it would receive it twice.")
            raise ValidationError(dict.fromkeys(repeating, sentence))

    @property
    def is_broadcast(self) -> bool:
        return self.kind in BROADCAST_KINDS

    @property
    def secrets(self) -> dict[str, str]:
        """Tokens and passwords in the clear, for the transport alone; raises Unsealable after a lost SECRET_KEY."""
        return cast(dict[str, str], unseal(self.sealed_secrets))
