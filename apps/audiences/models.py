from collections.abc import Iterable
from typing import Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Count, Exists, OuterRef, Q, Value
from django.db.models.functions import Lower
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.common.keeping import Archivable, ArchivableQuerySet
from apps.common.models import TimestampedModel
from apps.common.validators import validate_zone

from .addresses import EmailAddressField, PhoneField
from .import_records import ColumnMeaning, ContactFile, ContactImport, ImportState
from .queries import compile_rule
from .rules import ATTRIBUTE_NAME, RuleError, parse
from .words import describe, fault_sentence

__all__ = (
    "ABSOLUTE_REASONS",
    "AddressKind",
    "ColumnMeaning",
    "Contact",
    "ContactFile",
    "ContactImport",
    "ErasedAddress",
    "ImportState",
    "Segment",
    "Suppression",
    "SuppressionReason",
)


def validate_attributes(attributes: object) -> None:
    """Flat facts only: a name to a text, a number or yes/no, so that segments can ask for each."""
    if not isinstance(attributes, dict):
        raise ValidationError(_('Attributes are written as an object, for example {"plan": "gold"}.'), code="bad_attributes")
    for name, value in attributes.items():
        if not ATTRIBUTE_NAME.fullmatch(name):
            raise ValidationError(
                _("“%(name)s” is not a name for an attribute: use a letter first, then letters, digits, _ and -."),
                code="bad_attribute_name",
                params={"name": name},
            )
        if not isinstance(value, str | int | float | bool) or "\0" in str(value):
            raise ValidationError(
                _("The attribute “%(name)s” must be a text, a number, true or false."),
                code="bad_attribute_value",
                params={"name": name},
            )


class ContactQuerySet(models.QuerySet["Contact"]):
    def active(self) -> Self:
        return self.filter(archived_at__isnull=True)

    def blocked(self, kind: str, *, segment: "Segment | None", is_mandatory: bool) -> Self:
        """Those whose address of `kind` (an AddressKind) is not to be used for a message to `segment`."""
        stopping = Suppression.objects.for_(kind=kind, segment=segment, is_mandatory=is_mandatory)
        return self.exclude(**{kind: ""}).filter(Exists(stopping.filter(address=OuterRef(kind))))


class Contact(TimestampedModel):
    """A person who may be told about windows: a customer or a colleague (`is_internal`)."""

    name = models.CharField(_("name"), max_length=120, blank=True)
    email = EmailAddressField(_("e-mail"), blank=True)
    phone = PhoneField(_("phone"), max_length=20, blank=True, help_text=_("In international form, for example +33123456789."))
    organisation = models.CharField(_("organisation"), max_length=120, blank=True, db_index=True)
    time_zone = models.CharField(
        _("time zone"), max_length=64, blank=True, validators=[validate_zone], help_text=_("Empty: the window's zone is used.")
    )
    language = models.CharField(_("language"), max_length=8, choices=settings.LANGUAGES, default="en")
    is_internal = models.BooleanField(_("internal"), default=False, help_text=_("A colleague, not a customer."))
    attributes = models.JSONField(
        _("attributes"),
        default=dict,
        blank=True,
        validators=[validate_attributes],
        help_text=_("Free facts that segments may ask for, such as plan or region."),
    )
    archived_at = models.DateTimeField(_("archived at"), null=True, blank=True, editable=False)
    erased_at = models.DateTimeField(_("erased at"), null=True, blank=True, editable=False)  # nothing of the person is left

    # The trail says that these changed, never from what to what: nothing of a person is left in it to erase.
    kept_from_trail = frozenset({"name", "email", "phone", "organisation", "time_zone", "language", "attributes"})

    objects = ContactQuerySet.as_manager()

    class Meta:
        ordering = ("name", "id")
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")
        constraints = (
            models.CheckConstraint(
                condition=~Q(email="") | ~Q(phone="") | Q(erased_at__isnull=False),
                name="contact_has_an_email_or_a_phone",
                violation_error_message=_("A contact needs an e-mail or a phone."),
            ),
            models.UniqueConstraint(
                Lower("email"),
                condition=~Q(email=""),
                name="contact_email_is_unique",
                violation_error_message=_("Another contact has this e-mail already; it may be archived."),
            ),
        )
        indexes = (  # and contact_by_words, which only PostgreSQL has: migration 0006
            models.Index(fields=("phone",), name="contact_by_phone"),
            models.Index(fields=("name", "id"), condition=Q(archived_at__isnull=True), name="contact_by_name"),
        )
        permissions = (("erase_contact", _("Can erase all that is known of a contact")),)

    def __str__(self) -> str:
        return self.name or self.email or self.phone or gettext("Erased contact")

    def clean(self) -> None:
        """The constraint, for forms: they pass over one that names a field they do not show."""
        if not (self.email or self.phone or self.erased_at):
            raise ValidationError(_("A contact needs an e-mail or a phone."), code="no_address")


class SegmentQuerySet(ArchivableQuerySet["Segment"]):
    pass


class Segment(Archivable, TimestampedModel):
    """A part of the audience as a saved rule. Count, preview and send all use `contacts()`: one query, one truth."""

    name = models.CharField(_("name"), max_length=100, unique=True)
    slug = models.SlugField(_("slug"), max_length=60, unique=True)
    description = models.TextField(_("description"), blank=True)
    rule = models.JSONField(
        _("rule"), default=dict, blank=True, help_text=_('Who belongs to it. Everybody is {"all": []}.')
    )  # shape: audiences/rules.py
    public_names = models.JSONField(
        _("name for recipients"), default=dict, db_default=Value({}, models.JSONField()), blank=True
    )  # by language; none: its own name is the team's alone, and recipients do not see it

    objects = SegmentQuerySet.as_manager()

    class Meta:
        ordering = ("name",)
        verbose_name = _("segment")
        verbose_name_plural = _("segments")

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        try:
            parse(self.rule)
        except RuleError as error:
            raise ValidationError({"rule": fault_sentence(error)}) from error

    def public_name_in(self, language: str) -> str:
        """What recipients read; another language's name rather than none."""
        names = self.public_names
        return str(names.get(language) or names.get(settings.LANGUAGE_CODE) or next(iter(names.values()), ""))

    @property
    def condition(self) -> Q:
        """What makes a contact one of the segment; raises RuleError rather than guess at a broken rule."""
        return compile_rule(parse(self.rule))

    @property
    def rule_in_words(self) -> str:
        return describe(parse(self.rule))

    def contacts(self) -> ContactQuerySet:
        """The active contacts of the rule. Count, preview and send use this and nothing else."""
        return Contact.objects.active().filter(self.condition)


def live_counts(segments: Iterable[Segment], *, among: ContactQuerySet | None = None) -> dict[int, int | None]:
    """How many contacts each of `segments` has, in one query, of all or of those `among`; None where its rule is broken."""
    counts: dict[int, int | None] = {}
    columns = {}
    for segment in segments:
        counts[segment.pk] = None
        try:
            columns[f"of_{segment.pk}"] = Count("pk", filter=segment.condition)
        except RuleError:
            continue
    people = Contact.objects.all() if among is None else among
    found = people.active().order_by().aggregate(**columns) if columns else {}
    return counts | {int(name.removeprefix("of_")): count for name, count in found.items()}


class SuppressionReason(models.TextChoices):
    HARD_BOUNCE = "hard_bounce", _("The address does not exist or refuses mail for good")  # stops even mandatory notices
    COMPLAINT = "complaint", _("The recipient reported a message as unwanted")  # mandatory notices still go
    UNSUBSCRIBED = "unsubscribed", _("The recipient unsubscribed")  # mandatory notices still go
    MANUAL = "manual", _("Entered by a member of the team")  # stops even mandatory notices


# Those that no notice may override (reference: RFC 8058 consent for the others).
ABSOLUTE_REASONS = (SuppressionReason.HARD_BOUNCE, SuppressionReason.MANUAL)


class AddressKind(models.TextChoices):
    EMAIL = "email", _("E-mail")
    PHONE = "phone", _("Phone")


class SuppressionQuerySet(models.QuerySet["Suppression"]):
    def for_(self, *, kind: str, segment: Segment | None, is_mandatory: bool) -> Self:
        """What keeps addresses of `kind` from a message to `segment`; mandatory ones stop at the absolute reasons only."""
        rows = self.filter(Q(segment__isnull=True) | Q(segment=segment), kind=kind)
        return rows.filter(reason__in=ABSOLUTE_REASONS) if is_mandatory else rows


class Suppression(TimestampedModel):
    """An address not to be used, and why. It speaks of the address, not of the contact, and outlives the contact."""

    kind = models.CharField(_("kind"), max_length=8, choices=AddressKind.choices)
    address = models.CharField(_("address"), max_length=254, help_text=_("E-mail in lower case, or phone in international form."))
    reason = models.CharField(_("reason"), max_length=16, choices=SuppressionReason.choices)
    segment = models.ForeignKey(
        Segment, verbose_name=_("segment"), null=True, blank=True, on_delete=models.CASCADE, help_text=_("Empty: every segment.")
    )
    note = models.CharField(_("note"), max_length=250, blank=True)  # e.g. the provider's words

    kept_from_trail = frozenset({"address", "note"})

    objects = SuppressionQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at", "-id")
        verbose_name = _("suppression")
        verbose_name_plural = _("suppressions")
        constraints = (
            models.UniqueConstraint(
                fields=("kind", "address", "reason"),
                condition=Q(segment__isnull=True),
                name="one_general_suppression_per_reason",
                violation_error_message=_("This address is already on the list for this reason."),
            ),
            models.UniqueConstraint(
                fields=("kind", "address", "reason", "segment"),
                condition=Q(segment__isnull=False),
                name="one_segment_suppression_per_reason",
                violation_error_message=_("This address is already on the list for this segment and reason."),
            ),
        )
        indexes = (models.Index(fields=("kind", "address"), name="suppression_of_address"),)

    def __str__(self) -> str:
        return f"{self.address} ({self.get_reason_display()})"


class ErasedAddress(models.Model):
    """An address whose owner was erased on request, as a keyed hash: no import brings them back. See erasing.py."""

    digest = models.CharField(max_length=64, unique=True)
    erased_at = models.DateTimeField()

    class Meta:
        verbose_name = _("erased address")
        verbose_name_plural = _("erased addresses")
        default_permissions = ()

    def __str__(self) -> str:
        return self.digest[:12]
