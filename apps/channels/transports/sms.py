"""One SMS per contact, through Twilio's REST interface or one that speaks like it."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote, urlencode

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.common.text import clean_text, one_line

from ..addresses import url_problem
from ..contract import CONNECTIONS, Gate
from ..http import Answer
from ..messages import Message, TransportError
from ..models import ChannelKind
from ..options import Option
from ..traces import Trace
from .over_http import HttpTransport

TWILIO = "https://api.twilio.com"

# https://www.twilio.com/docs/api/errors: not a number, not a mobile, not reachable by SMS.
_BAD_NUMBER_CODES = {21211, 21214, 21217, 21401, 21407, 21614}
# Found out later, by the networks: no such number, a landline.
_DEAD_NUMBER_CODES = {30005, 30006}
_GIVEN_UP = {"failed", "undelivered", "canceled"}

PAGE_SIZE = 50
LONGEST_LIST_BYTES = 512 * 1024
CLOCK_TOLERANCE = timedelta(minutes=2)
LONGEST_HAND_OVER = timedelta(minutes=15)  # from the mark of a batch to the provider's own time of its last message


class SmsTransport(HttpTransport):
    """A message in doubt never goes again by itself: the interface has no idempotency key."""

    kind = ChannelKind.SMS
    can_look_up = True
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
        CONNECTIONS,
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

    def hand_over(self, message: Message, gate: Gate) -> str:
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        body = urlencode(self._form(message)).encode()
        auth = (self.config["account"], self.secrets["token"])
        gate()
        answer = self.client.post(self._url(), body=body, headers=headers, auth=auth)
        details = _details(answer)
        if not answer.is_success:
            raise _refusal(answer, details)
        return str(details.get("sid", ""))

    def look_up(self, message: Message, *, around: datetime) -> Sequence[Trace]:
        """By number, sender, text and time: Twilio keeps no name of ours. Its list begins with the newest.

        The list is not asked by day, because a message that has not left yet has none.
        """
        sender = {} if self.config.get("messaging_service") else {"From": self.config["from_number"]}
        query = urlencode({"To": one_line(message.address), **sender, "PageSize": PAGE_SIZE})
        headers = {"Accept": "application/json"}
        auth = (self.config["account"], self.secrets["token"])
        answer = self.client.get(f"{self._url()}?{query}", headers=headers, auth=auth, longest=LONGEST_LIST_BYTES)
        listed = _listed(answer)
        begin, end = around - CLOCK_TOLERANCE, around + LONGEST_HAND_OVER
        body = clean_text(message.text).strip()
        found = [_trace(row) for at, row in listed if begin <= at <= end and _is_ours(row, body)]
        if not found and len(listed) >= PAGE_SIZE and all(at >= begin for at, _row in listed):
            raise _unsaid(answer)  # it may stand on a later page
        return found

    def _url(self) -> str:
        return f"{_base_url(self.config)}/2010-04-01/Accounts/{quote(self.config['account'], safe='')}/Messages.json"

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


def _listed(answer: Answer) -> list[tuple[datetime, dict[str, Any]]]:
    """The messages of a list with the times at which the provider took them; raises where that cannot be read."""
    rows = _details(answer).get("messages")
    if not answer.is_success or not isinstance(rows, list):
        raise _unsaid(answer)
    try:
        return [(parsedate_to_datetime(row["date_created"]).astimezone(UTC), row) for row in rows]
    except (KeyError, TypeError, ValueError):
        raise _unsaid(answer) from None


def _is_ours(row: Mapping[str, Any], body: str) -> bool:
    return str(row.get("direction", "")).startswith("outbound") and str(row.get("body", "")).strip() == body


def _trace(row: Mapping[str, Any]) -> Trace:
    code = row.get("error_code")
    return Trace(
        provider_id=str(row.get("sid", "")),
        accepted=row.get("status") not in _GIVEN_UP,
        code=str(code or ""),
        text=str(row.get("error_message") or row.get("status") or ""),
        bad_address=code in _BAD_NUMBER_CODES | _DEAD_NUMBER_CODES,
    )


def _unsaid(answer: Answer) -> TransportError:
    """An answer from which nothing follows."""
    return TransportError(
        _("The provider did not say what became of it (%(status)s).") % {"status": answer.status},
        permanent=False,
        code=str(answer.status),
        channel_down=not answer.is_success,
    )
