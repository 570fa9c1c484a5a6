"""How alarms reach the person signed in: by e-mail, unless they choose a channel and an address of their own."""

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.accounts.models import User
from apps.accounts.services import record
from apps.audiences.addresses import normal_email, normal_phone
from apps.channels.messages import TransportError
from apps.channels.models import Channel, ChannelKind

from ..alarms import Unreachable, alarm_message, transmit, way_of
from ..clock import database_now
from ..models import AlarmWay
from .steering import reader


class AlarmWayForm(forms.Form):
    channel = forms.ModelChoiceField(
        label=gettext_lazy("Channel"),
        queryset=Channel.objects.none(),
        required=False,
        empty_label=gettext_lazy("E-mail to the address of my account"),
    )
    address = forms.CharField(
        label=gettext_lazy("Address"),
        max_length=254,
        required=False,
        help_text=gettext_lazy("A phone number for a text message, an e-mail address for e-mail; empty for a chat or a webhook."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast("forms.ModelChoiceField[Any]", self.fields["channel"]).queryset = Channel.objects.enabled()

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        channel, address = data.get("channel"), data.get("address", "")
        if channel is None or channel.is_broadcast:
            return data | {"address": ""}
        if not address:
            raise ValidationError({"address": _("Give the address that this channel is to use.")})
        try:
            return data | {"address": _checked(channel, address)}
        except ValidationError as error:
            raise ValidationError({"address": error}) from error


def _checked(channel: Channel, address: str) -> str:
    if channel.kind == ChannelKind.SMS:
        return normal_phone(address)
    validate_email(address)
    return normal_email(address)


@admin.site.admin_view
def alarm_way_page(request: HttpRequest) -> HttpResponse:
    """Everyone's own; no permission beyond signing in is needed."""
    person = reader(request)
    own = AlarmWay.objects.select_related("channel").filter(user=person).first()
    initial = {"channel": own.channel_id, "address": own.address} if own else {}
    form = AlarmWayForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        _save(form, person)
        messages.success(request, _("It is saved: alarms reach you this way."))
        if "_test" in request.POST:
            _test(request, person)
        return redirect("delivery:alarm_way")
    context = {**admin.site.each_context(request), "title": _("How alarms reach you"), "form": form, "person": person}
    return TemplateResponse(request, "admin/delivery/alarm_way.html", context)


def _save(form: AlarmWayForm, person: User) -> None:
    channel, address = form.cleaned_data["channel"], form.cleaned_data["address"]
    if channel is None:
        AlarmWay.objects.filter(user=person).delete()
    else:
        AlarmWay.objects.update_or_create(user=person, defaults={"channel": channel, "address": address})
    way = channel.name if channel else ""
    record("user.alarm_way_chosen", subject=person, actor=person, now=database_now(), way=way)


def _test(request: HttpRequest, person: User) -> None:
    """One alarm that says it is a test, and the provider's own answer."""
    now = database_now()
    try:
        way = way_of(person)
        link = request.build_absolute_uri(request.path)
        sentences = (
            _("[TEST] This is how an alarm of Preavis reaches you"),
            _("Nothing is wrong, and nothing needs to be done."),
        )
        transmit(way, alarm_message(way, sentences, key=f"alarm-test-{person.pk}-{now:%Y%m%d%H%M%S}", link=link, now=now))
    except (Unreachable, TransportError) as error:
        messages.error(request, _("The test could not be sent: %(error)s") % {"error": error})
    else:
        messages.success(request, _("The test was accepted by “%(channel)s”.") % {"channel": way.channel})
