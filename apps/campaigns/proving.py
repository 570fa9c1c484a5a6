"""A composed message, sent by its channel to the person who asks: marked, counted nowhere, with the provider's own answer."""

import re
import uuid
from datetime import datetime

from django import forms
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.accounts.models import User
from apps.channels.forms import TestForm
from apps.channels.messages import Message, Receipt
from apps.channels.models import Channel, ChannelKind
from apps.channels.services import send_test, test_headers, too_many_tests

from .content import Content, webhook_data
from .models import Campaign
from .showing import Choice

MARK = "[TEST]"
_BODY = re.compile(r"<body\b[^>]*>")


class ProofForm(TestForm):
    """Where it goes: a mail to oneself, a text message to the number typed, a place only with a tick that it may be seen there."""

    def __init__(self, *args: object, channel: Channel, actor: User, **kwargs: object) -> None:
        super().__init__(*args, channel=channel, email=actor.email, **kwargs)
        self.channel, self.actor = channel, actor
        if channel.is_broadcast:
            label = gettext_lazy("Post it: everybody at this channel's place will see it")
            self.fields["is_public"] = forms.BooleanField(label=label, error_messages={"required": _NOT_TICKED})
        elif channel.kind != ChannelKind.SMS:
            del self.fields["address"]

    def clean(self) -> dict[str, object]:
        if not self.channel.is_broadcast and self.channel.kind != ChannelKind.SMS and not self.actor.email:
            raise forms.ValidationError(_("Your account has no e-mail address to send it to: ask an administrator to add it."))
        return super().clean() or {}

    @property
    def address(self) -> str:
        if self.channel.is_broadcast:
            return ""
        return str(self.cleaned_data.get("address") or self.actor.email)


_NOT_TICKED = gettext_lazy("Tick that it may be seen there, or leave it.")


def why_unproved(campaign: Campaign, channel: Channel) -> str:
    """Why a message of this campaign is not even tested by `channel`; nothing where it can be."""
    if campaign.window.is_sample and channel.kind != ChannelKind.MEMORY:
        return _("This window is a sample: nothing of it leaves by a channel that hands messages over.")
    return ""


def prove(choice: Choice, content: Content, form: ProofForm, *, now: datetime) -> Receipt | None:
    """The provider's answer; None where the form says why nothing was sent. Not to be called inside a transaction."""
    if problem := why_unproved(choice.campaign, form.channel) or too_many_tests(form.channel, actor=form.actor, now=now):
        form.add_error(None, problem)
        return None
    message = marked(choice, content, address=form.address, now=now)
    about = {"content": choice.touchpoint.content_key, "window": choice.campaign.window.title}
    return send_test(form.channel, address=form.address, actor=form.actor, now=now, message=message, **about)


def marked(choice: Choice, content: Content, *, address: str, now: datetime) -> Message:
    key = f"test-{uuid.uuid4()}"
    is_webhook = choice.kind == ChannelKind.WEBHOOK
    data = webhook_data(choice.touchpoint) | {"type": "channel.tested", "timestamp": now.isoformat()} if is_webhook else {}
    return Message(
        key=key,
        address=address,
        subject=f"{MARK} {content.subject}".strip(),
        text=f"{MARK} {content.text}",
        html=_BODY.sub(lambda body: body[0] + _banner(), content.html, count=1),
        headers=test_headers(key, now=now) | {"Content-Language": content.language},
        data=data,
    )


def _banner() -> str:
    return format_html(
        '<p style="margin:0;padding:10px 16px;background-color:#7d4a00;color:#ffffff;font:600 14px/20px Arial,sans-serif;">{} {}</p>',
        MARK,
        _("This is a test, sent to you alone."),
    )
