"""Providers that merge, as far as their documentation says what they do: a local server in their place, and what it would send."""

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

from apps.channels.merging import FormLetter, FormText, Merge
from apps.channels.messages import Message
from apps.channels.transports.email import EmailTransport

from .contract import make_message
from .http_peer import HttpPeer
from .servers import Call, HttpServer

LETTER = FormLetter(
    subject=FormText(literals=("Window 7",), names=()),
    text=FormText(literals=("Dear ", ", see ", ".\n"), names=("v0", "v1")),
    html=FormText(literals=("<p>Dear ", ', <a href="', '">see</a></p>'), names=("v2", "v3")),
)


def merging(number: int, *, form: FormLetter = LETTER, name: str = "", html_name: str = "", **fields: Any) -> Message:
    url = f"https://preavis.test/c/{number}/"
    values = {"v0": name or f"P{number}", "v1": url, "v2": html_name or name or f"P{number}", "v3": url}
    headers = {
        "Message-ID": f"<{number}@preavis.test>",
        "Date": "Mon, 02 Mar 2026 09:00:00 +0000",
        "In-Reply-To": f"<thread{number}@preavis.test>",
        "List-Unsubscribe": f"<https://preavis.test/u/{number}/>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    defaults = {"address": f"p{number}@example.org", "subject": "Window 7", "text": "", "headers": headers, "tags": ("announce",)}
    return make_message(number, merge=Merge(form=form, values=values), **(defaults | fields))


class MergePeer(HttpPeer):
    address = "cem@example.org"
    backend = ""
    settings: Mapping[str, str] = {}

    def __init__(self, server: HttpServer, per_call: int = 50) -> None:
        super().__init__(server)
        self.per_call = per_call

    def transport(self) -> EmailTransport:
        config = {"backend": self.backend, "from_address": "ops@example.org", "messages_per_call": self.per_call}
        return EmailTransport(config=config, secrets={}, answer_timeout=self.patience)

    def mails(self) -> dict[str, dict[str, Any]]:
        """What each recipient gets, by address."""
        return {address: mail for call in self.server.calls for address, mail in self.sent(call).items()}

    def sent(self, call: Call) -> dict[str, dict[str, Any]]:
        raise NotImplementedError


class MailgunPeer(MergePeer):
    backend = "anymail.backends.mailgun.EmailBackend"
    accepted = (200, {}, json.dumps({"id": "<call@mg.example.org>", "message": "Queued. Thank you."}))

    def sent(self, call: Call) -> dict[str, dict[str, Any]]:
        fields = parse_qs(call.body.decode(), keep_blank_values=True)
        variables = json.loads(fields.get("recipient-variables", ["{}"])[0])
        return {address: self._mail(fields, variables.get(address)) for address in fields["to"]}

    def _mail(self, fields: dict[str, list[str]], own: Mapping[str, str] | None) -> dict[str, Any]:
        def read(name: str) -> str:
            if own is None:
                return fields[name][0]
            return re.sub(r"%recipient\.([\w:-]+)%", lambda found: own[found[1]], fields[name][0])

        return {
            **{name: read(name) for name in ("subject", "text", "html")},
            "headers": {name[2:]: read(name) for name in fields if name.startswith("h:")},
            "metadata": {name[2:]: read(name) for name in fields if name.startswith("v:")},
            "tags": fields["o:tag"],
        }


class SparkPostPeer(MergePeer):
    backend = "anymail.backends.sparkpost.EmailBackend"

    @staticmethod
    def answer(accepted: int, rejected: int = 0) -> tuple[int, dict[str, str], str]:
        results = {"total_accepted_recipients": accepted, "total_rejected_recipients": rejected, "id": "t-1"}
        return 200, {}, json.dumps({"results": results})

    def sent(self, call: Call) -> dict[str, dict[str, Any]]:
        sent = json.loads(call.body)
        return {each["address"]["email"]: self._mail(sent, each) for each in sent["recipients"]}

    def _mail(self, sent: dict[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
        content, values = sent["content"], sent.get("substitution_data", {}) | own.get("substitution_data", {})

        def plain(text: str) -> str:
            if not values:  # what becomes of braces then is between the provider and our text
                return text
            return re.sub(r"\{\{(\w+)\}\}", lambda found: values[found[1]], text)

        def raw(text: str) -> str:
            return re.sub(r"\{\{\{(\w+)\}\}\}", lambda found: values[found[1]], text)

        return {
            "subject": plain(content["subject"]),
            "text": plain(content["text"]),
            "html": raw(content["html"]),
            "headers": {name: plain(value) for name, value in content["headers"].items()},
            "metadata": own.get("metadata") or sent["metadata"],
            "tags": [sent["campaign_id"]],
        }


def mailgun(server: HttpServer, settings: Any, **words: Any) -> MailgunPeer:
    server.default = MailgunPeer.accepted
    settings.ANYMAIL = {"MAILGUN_API_KEY": "hush", "MAILGUN_API_URL": f"{server.url}/"}
    return MailgunPeer(server, **words)


def sparkpost(server: HttpServer, settings: Any, **words: Any) -> SparkPostPeer:
    server.default = SparkPostPeer.answer(3)
    settings.ANYMAIL = {"SPARKPOST_API_KEY": "hush", "SPARKPOST_API_URL": f"{server.url}/"}
    return SparkPostPeer(server, **words)
