"""Addresses in their one stored form: e-mail in lower case, phone in E.164. Equal addresses are then equal text."""

from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:  # the fields are generic for the type checker only
    _CharField = models.CharField[Any, Any]
    _EmailField = models.EmailField[Any, Any]
else:
    _CharField, _EmailField = models.CharField, models.EmailField


def normal_email(text: str) -> str:
    return text.strip().lower()


def normal_phone(text: str) -> str:
    """`+33123456789` for what is written with spaces, dots or a leading 00; raises ValidationError for what is no number."""
    import phonenumbers  # takes a while to load, and few processes need it

    international = "+" + text.strip()[2:] if text.strip().startswith("00") else text.strip()
    if not international.startswith("+"):
        raise ValidationError(
            _("“%(phone)s” lacks its country: write it in international form, like +33123456789."),
            code="phone_without_country",
            params={"phone": text},
        )
    try:
        number = phonenumbers.parse(international)
    except phonenumbers.NumberParseException:
        number = None
    if number is None or number.extension or not phonenumbers.is_valid_number(number):
        raise ValidationError(_("“%(phone)s” is not a phone number that exists."), code="bad_phone", params={"phone": text})
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def normal_address(kind: str, address: str) -> str:
    """As stored, also for what comes back from a provider and would not pass as new: never an error."""
    if kind == "email":
        return normal_email(address)
    try:
        return normal_phone(address)
    except ValidationError:
        return address.strip()


class EmailAddressField(_EmailField):
    """Written and asked for in lower case, whoever writes or asks."""

    def to_python(self, value: Any) -> Any:
        return normal_email(value) if isinstance(value, str) else value

    def get_prep_value(self, value: Any) -> Any:
        return self.to_python(super().get_prep_value(value))


class PhoneField(_CharField):
    """Checked and put into E.164 by `clean`, that is by every form and by the import."""

    def clean(self, value: Any, model_instance: models.Model | None) -> Any:
        return super().clean(normal_phone(value) if value else value, model_instance)


def veiled(address: str) -> str:
    """“c…@example.org”, “+33…45”: for records that outlive the person."""
    name, at, domain = address.rpartition("@")
    return f"{name[:1]}…@{domain}" if at else f"{address[:3]}…{address[-2:]}"
