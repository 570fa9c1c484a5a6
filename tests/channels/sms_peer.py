import json
from email.utils import format_datetime
from typing import Any

from apps.channels.transports.sms import SmsTransport

from .http_peer import HttpPeer
from .servers import HttpServer


class SmsPeer(HttpPeer):
    address = "+33612345678"

    def __init__(self, server: HttpServer) -> None:
        super().__init__(server)
        self.listed: list[dict[str, Any]] = []

    def transport(self, **config: str) -> SmsTransport:
        config = {"account": "AC1", "from_number": "+33123456789", "base_url": self.server.url} | config
        return SmsTransport(config=config, secrets={"token": "hush-hush"}, answer_timeout=self.patience)

    def refuse_with(self, code: int, status: int = 400) -> None:
        body = json.dumps({"code": code, "message": f"The number {self.address} is no good.", "status": status})
        self.server.script.append((status, {}, body))

    def knows(self, message, *, at, accepted=True, **fields) -> None:
        row = {
            "sid": f"SM{len(self.listed) + 1}",
            "to": message.address,
            "body": message.text,
            "direction": "outbound-api",
            "status": "delivered" if accepted else "undelivered",
            "error_code": None if accepted else 30005,
            "date_created": format_datetime(at),
        }
        self.listed.insert(0, row | fields)  # the newest first
        self.server.answer_to_questions = (200, {}, json.dumps({"messages": self.listed}))
