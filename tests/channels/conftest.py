from collections.abc import Iterator

import pytest

from .servers import HttpServer, SmtpServer


@pytest.fixture
def inner_hosts(settings) -> None:
    """The operator lets channels call this machine."""
    settings.CHANNEL_HOST_ALLOWLIST = ["127.0.0.1"]


@pytest.fixture
def smtp_server() -> Iterator[SmtpServer]:
    server = SmtpServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def http_server() -> Iterator[HttpServer]:
    server = HttpServer()
    yield server
    server.stop()
