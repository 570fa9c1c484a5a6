from typing import Any

from ..contract import Transport
from ..http import HttpClient


class HttpTransport(Transport):
    """Calls somebody over HTTP, by one connection for a batch."""

    def __init__(self, **settings_of_channel: Any) -> None:
        super().__init__(**settings_of_channel)
        self.client = HttpClient(answer_timeout=self.answer_timeout)

    def close(self) -> None:
        self.client.close()
