"""A form with one field per setting of a channel's kind, made from what its transport declares."""

from functools import cache
from typing import Any, ClassVar

from django import forms
from django.core.validators import RegexValidator
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.common.sealing import Unsealable

from .models import Channel, ChannelKind
from .options import Option, OptionType
from .registry import transport_class

PRICE_FIELDS = ("part_price", "part_currency")
DOUBT_FIELDS = ("after_doubt_routine", "after_doubt_urgent", "evidence_minutes")
PREFIX = "setting_"
FORGET = "forget_"


class NewChannelForm(forms.ModelForm):
    """Asks for the kind; its settings come on the next page. Until then the channel stays off."""

    class Meta:
        model = Channel
        fields = ("name", "slug", "kind")

    def save(self, commit: bool = True) -> Channel:
        self.instance.is_enabled = False
        channel: Channel = super().save(commit)
        return channel


class ChannelForm(forms.ModelForm):
    """`secrets` after validation: the kept ones, the newly typed ones, without the forgotten ones."""

    options: ClassVar[tuple[Option, ...]] = ()
    secrets: dict[str, str]
    use_required_attribute = False  # a channel that is off may be half configured

    class Meta:
        model = Channel
        fields = ("name", "slug", "is_enabled", "pace", *PRICE_FIELDS, *DOUBT_FIELDS)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "pace" in self.fields:
            self.fields["pace"].widget.attrs["class"] = "vIntegerField"
            self.initial["pace"] = _plain(self.instance.pace)
        self.kept = _readable_secrets(self.instance)
        config = self.instance.config if isinstance(self.instance.config, dict) else {}
        for option in self.options:
            field = self.fields[PREFIX + option.name]
            field.required = option.is_required and (not self.is_bound or "is_enabled" in self.data)
            if not option.is_secret:
                shown: Any = option.default if option.type is OptionType.CHOICE else ""
                field.initial = config.get(option.name, shown)
            elif option.name in self.kept:
                field.required = False
                field.help_text = " ".join(filter(None, [str(field.help_text), gettext("One is kept; leave empty to keep it.")]))
            else:
                self.fields.pop(FORGET + option.name, None)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        self.instance.config = self._typed(data, are_secret=False)
        forgotten = {option.name for option in self.options if data.get(FORGET + option.name)}
        kept = {name: value for name, value in self.kept.items() if name not in forgotten}
        self.secrets = kept | self._typed(data, are_secret=True)
        if data.get("is_enabled") and not self.errors:
            self._report_problems()
        return data

    def _typed(self, data: dict[str, Any], *, are_secret: bool) -> dict[str, Any]:
        """What differs from the default: an empty field keeps following it."""
        options = (option for option in self.options if option.is_secret is are_secret)
        values = {option.name: (data.get(PREFIX + option.name), option.default) for option in options}
        return {name: value for name, (value, default) in values.items() if value not in (None, "", default)}

    def _report_problems(self) -> None:
        found = transport_class(self.instance.kind).problems(config=self.instance.config, secrets=self.secrets)
        for problem in found:
            named = (PREFIX + option.name for option in self.options if problem.startswith(str(option.label)))
            self.add_error(next(named, None), problem)


class TestForm(forms.Form):
    """Where the test goes; channels that speak to a place of their own ask for nothing."""

    def __init__(self, *args: Any, channel: Channel, email: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if channel.kind == ChannelKind.SMS:
            self.fields["address"] = forms.CharField(
                label=_("Your number"), help_text=_("Such as +33612345678."), validators=[_NUMBER]
            )
        elif not channel.is_broadcast:
            self.fields["address"] = forms.EmailField(label=_("Your e-mail address"), initial=email)


_NUMBER = RegexValidator(r"^\+[1-9]\d{6,14}\Z", _("Write the number with its country, such as +33612345678."))


def setting_fields(channel: Channel) -> list[str]:
    """The names of the fields for the settings of this channel, in order; only a kept secret can be forgotten."""
    kept = _readable_secrets(channel)
    names: list[str] = []
    for option in transport_class(channel.kind).options:
        names.append(PREFIX + option.name)
        if option.name in kept and not option.is_required:
            names.append(FORGET + option.name)
    return names


@cache
def form_for(kind: str) -> type[ChannelForm]:
    """The form of one kind of channel, as a class, because the admin looks at classes."""
    options = transport_class(kind).options
    fields: dict[str, Any] = {PREFIX + option.name: _field(option) for option in options}
    for option in options:
        if option.is_secret and not option.is_required:
            fields[FORGET + option.name] = forms.BooleanField(
                label=format_lazy(_("Forget “{label}”"), label=option.label), required=False
            )
    return type("ChannelForm", (ChannelForm,), {**fields, "options": options})


def _field(option: Option) -> forms.Field:
    common: dict[str, Any] = {"label": option.label, "help_text": option.help_text, "required": option.is_required}
    if option.is_secret:  # shown to nobody again, and not offered to the browser's keeping
        return forms.CharField(
            widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "class": "vTextField"}), **common
        )
    if option.type is OptionType.NUMBER:
        placeholder = {"placeholder": str(option.default)} if option.default else {}
        return forms.IntegerField(min_value=1, widget=forms.NumberInput(attrs=placeholder), **common)
    if option.type is OptionType.CHOICE:
        return forms.ChoiceField(choices=option.choices, **common)
    return forms.CharField(widget=forms.TextInput(attrs={"class": "vTextField"}), **common)


def _plain(number: float | None) -> float | None:
    """14 rather than 14.0."""
    return int(number) if number is not None and number.is_integer() else number


def _readable_secrets(channel: Channel) -> dict[str, str]:
    """Those its kind knows; after a lost key none, and they have to be typed again."""
    known = {option.name for option in transport_class(channel.kind).options if option.is_secret}
    try:
        return {name: value for name, value in channel.secrets.items() if name in known}
    except Unsealable:
        return {}
