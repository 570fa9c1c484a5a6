"""One signed call per touchpoint to a program, after Standard Webhooks: the same `webhook-id` over all attempts."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.common.standard_webhooks import BadSecret, check_secret, sign

from ..addresses import url_problem
from ..contract import Gate
from ..messages import Message
from ..models import ChannelKind
from ..options import Option
from .over_http import HttpTransport

DEFAULT_TYPE = "notice.published"


class WebhookTransport(HttpTransport):
    kind = ChannelKind.WEBHOOK
    is_idempotent = True  # the standard has receivers take each webhook-id once
    options = (
        Option(name="url", label=gettext_lazy("Address"), is_required=True),
        Option(
            name="secret",
            label=gettext_lazy("Signing secret"),
            help_text=gettext_lazy("“whsec_” followed by 24 to 64 bytes in base64; the receiver needs the same."),
            is_required=True,
            is_secret=True,
        ),
        Option(
            name="previous_secret",
            label=gettext_lazy("Previous signing secret"),
            help_text=gettext_lazy("While the receiver changes over, calls are signed with both."),
            is_secret=True,
        ),
    )

    @classmethod
    def problems(cls, *, config: Mapping[str, Any], secrets: Mapping[str, str]) -> list[str]:
        found = super().problems(config=config, secrets=secrets)
        if found:
            return found
        if problem := url_problem(config["url"], allowlist=settings.CHANNEL_HOST_ALLOWLIST):
            found.append(_("Address: %(problem)s") % {"problem": problem})
        for option in cls.options[1:]:
            try:
                if secret := secrets.get(option.name):
                    check_secret(secret)
            except BadSecret:
                found.append(_("%(label)s: it must be “whsec_” followed by 24 to 64 bytes in base64.") % {"label": option.label})
        return found

    def hand_over(self, message: Message, gate: Gate) -> str:
        # The transport is the door to the outside: receivers refuse a signature that is not of this very minute.
        now = datetime.now(UTC)
        body = json.dumps(payload(message, now=now), cls=DjangoJSONEncoder).encode()
        previous = self.secrets.get("previous_secret")
        signature = sign(self.secrets["secret"], message_id=message.key, at=now, body=body, also=[previous] if previous else [])
        gate()
        answer = self.client.post(self.config["url"], body=body, headers={"Content-Type": "application/json", **signature})
        if not answer.is_success:
            raise answer.refusal()
        return ""


def payload(message: Message, *, now: datetime) -> dict[str, Any]:
    data = dict(message.data)
    return {
        "type": data.pop("type", DEFAULT_TYPE),
        "timestamp": data.pop("timestamp", now),
        "data": {"subject": message.subject, "text": message.text, **data},
    }
