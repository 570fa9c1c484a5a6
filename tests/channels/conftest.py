import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.certificates import make_certificate, server_context

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


@pytest.fixture(scope="session")
def certificate(tmp_path_factory) -> Path:
    """For 127.0.0.1, with its key, in one file."""
    return make_certificate(tmp_path_factory.mktemp("tls") / "server.pem")


@pytest.fixture
def certificate_context(certificate) -> ssl.SSLContext:
    return server_context(certificate)
