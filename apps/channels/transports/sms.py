"""One SMS per contact, through Twilio's REST interface or one that speaks like it."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.common.text import clean_text, one_line

from ..addresses import url_problem
from ..http import Answer
from ..messages import Message, TransportError
from ..models import ChannelKind
from ..options import Option
from .over_http import HttpTransport

TWILIO = "https://api.twilio.com"

# https://www.twilio.com/docs/api/errors: not a number, not a mobile, not reachable by SMS.
_BAD_NUMBER_CODES = {21211, 21214, 21217, 21401, 21407, 21614}


class SmsTransport(HttpTransport):
    """A message in doubt never goes again by itself: the interface has no idempotency key."""

    kind = ChannelKind.SMS
    options = (
        Option(name="account", label=gettext_lazy("Account SID"), is_required=True),
        Option(name="token", label=gettext_lazy("Auth token"), is_required=True, is_secret=True),
        Option(
            name="from_number",
            label=gettext_lazy("From"),
            help_text=gettext_lazy("A number such as +33123456789, or a sender name."),
        ),
        Option(
            name="messaging_service",
            label=gettext_lazy("Messaging service SID"),
            help_text=gettext_lazy("Instead of “From”: the service chooses the number."),
        ),
        Option(
            name="base_url",
            label=gettext_lazy("Address of the interface"),
            help_text=gettext_lazy("Only for a provider that speaks like Twilio. Empty: https://api.twilio.com."),
            default=TWILIO,
        ),
    )

    @classmethod
    def problems(cls, *, config: Mapping[str, Any], secrets: Mapping[str, str]) -> list[str]:
        found = super().problems(config=config, secrets=secrets)
        if bool(config.get("from_number")) is bool(config.get("messaging_service")):
            found.append(_("Give either “From” or “Messaging service SID”."))
        problem = url_problem(_base_url(config), allowlist=settings.CHANNEL_HOST_ALLOWLIST, needs_tls=True)
        if problem:
            found.append(_("Address of the interface: %(problem)s") % {"problem": problem})
        return found

    def hand_over(self, message: Message) -> str:
        account = self.config["account"]
        url = f"{_base_url(self.config)}/2010-04-01/Accounts/{quote(account, safe='')}/Messages.json"
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        body = urlencode(self._form(message)).encode()
        answer = self.client.post(url, body=body, headers=headers, auth=(account, self.secrets["token"]))
        details = _details(answer)
        if not answer.is_success:
            raise _refusal(answer, details)
        return str(details.get("sid", ""))

    def _form(self, message: Message) -> dict[str, str]:
        service = self.config.get("messaging_service", "")
        sender = {"MessagingServiceSid": service} if service else {"From": self.config["from_number"]}
        return {"To": one_line(message.address), "Body": clean_text(message.text), **sender}


def _base_url(config: Mapping[str, Any]) -> str:
    return str(config.get("base_url") or TWILIO).rstrip("/")


def _details(answer: Answer) -> dict[str, Any]:
    try:
        details = json.loads(answer.text)
    except ValueError:
        return {}
    return details if isinstance(details, dict) else {}


def _refusal(answer: Answer, details: dict[str, Any]) -> TransportError:
    error = answer.refusal(str(details.get("message", "")))
    if code := details.get("code"):
        error.code = str(code)
        error.bad_address = code in _BAD_NUMBER_CODES
    return error
