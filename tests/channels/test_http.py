from datetime import timedelta

import pytest

from apps.channels.addresses import is_public, url_problem
from apps.channels.http import HttpClient
from apps.channels.http_errors import LONGEST_WAIT, retry_after
from apps.channels.messages import Phase, TransportError

from .servers import HttpServer


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("93.184.215.14", True),
        ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("ff02::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:93.184.215.14", True),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b:1::1", False),
        ("2002:7f00:1::", False),
        ("2001::1", False),
    ],
)
def test_only_the_open_internet_is_public(address, expected):
    assert is_public(address) is expected


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("https://example.com/hook", ""),
        ("https://example.com:8443/hook", ""),
        ("ftp://example.com", "address such as"),
        ("example.com/hook", "address such as"),
        ("https://", "address such as"),
        ("https://example.com:port/", "address such as"),
        ("https://exam ple.com/", "address such as"),
        ("https://[::1", "address such as"),
        ("https://ana:hush@example.com/", "user name"),
        ("https://example.com:22/", "port 22"),
        ("http://169.254.169.254/latest", "open Internet"),
        ("http://[::ffff:10.0.0.1]/", "open Internet"),
        ("http://localhost/", "open Internet"),
        ("http://chat.inner:8065/hook", ""),
        ("http://10.0.0.7:8080/", ""),
        ("http://10.0.0.7:22/", "port 22"),
    ],
)
def test_an_address_is_judged_when_it_is_saved(url, says):
    problem = url_problem(url, allowlist=["chat.inner", "10.0.0.7:8080"])
    assert says in problem
    assert bool(says) is bool(problem)


def test_what_carries_a_secret_needs_tls():
    assert "https://" in url_problem("http://example.com/", allowlist=[], needs_tls=True)


class TestConnecting:
    def call(self, url: str, **options: float) -> TransportError:
        client = HttpClient(**options)
        with pytest.raises(TransportError) as caught:
            client.post(url, body=b"{}", headers={})
        client.close()
        return caught.value

    def test_a_name_that_leads_inside_is_refused_on_connecting(self, monkeypatch):
        monkeypatch.setattr("socket.getaddrinfo", lambda *args, **kwargs: [(2, 1, 6, "", ("127.0.0.1", 80))])
        error = self.call("http://rebinding.example.com/")
        assert "open Internet" in error.text
        assert (error.permanent, error.phase, error.channel_down) == (False, Phase.BEFORE, True)

    def test_one_inner_address_among_several_is_enough(self, monkeypatch):
        addresses = [(2, 1, 6, "", (ip, 80)) for ip in ("93.184.215.14", "10.0.0.1")]
        monkeypatch.setattr("socket.getaddrinfo", lambda *args, **kwargs: addresses)
        assert "open Internet" in self.call("http://example.com/").text

    def test_a_name_is_resolved_once_and_the_address_kept(self, http_server: HttpServer, inner_hosts, settings, monkeypatch):
        settings.CHANNEL_HOST_ALLOWLIST = ["chat.inner"]
        answers = [[(2, 1, 6, "", ("127.0.0.1", http_server.server_port))]]
        monkeypatch.setattr("socket.getaddrinfo", lambda *args, **kwargs: answers.pop())
        client = HttpClient()
        answer = client.post(f"http://chat.inner:{http_server.server_port}/", body=b"{}", headers={})
        client.close()
        assert answer.is_success
        assert http_server.calls[0].headers["host"] == f"chat.inner:{http_server.server_port}"

    def test_a_name_that_does_not_exist_is_temporary(self, monkeypatch):
        def fail(*args: object, **kwargs: object) -> None:
            raise OSError("no such name")

        monkeypatch.setattr("socket.getaddrinfo", fail)
        error = self.call("https://nowhere.example.com/")
        assert (error.permanent, error.phase) == (False, Phase.BEFORE)

    @pytest.mark.usefixtures("inner_hosts")
    def test_a_certificate_nobody_vouches_for_is_refused_before_anything_is_said(self, certificate_context):
        server = HttpServer(tls=certificate_context)
        error = self.call(f"https://127.0.0.1:{server.server_port}/")
        server.stop()
        assert (error.permanent, error.phase, error.channel_down) == (False, Phase.BEFORE, True)
        assert server.calls == []

    @pytest.mark.usefixtures("inner_hosts")
    def test_a_certificate_is_checked_against_the_name_that_was_called(
        self, certificate, certificate_context, settings, monkeypatch
    ):
        settings.CHANNEL_HOST_ALLOWLIST = ["127.0.0.1", "chat.inner"]
        server = HttpServer(tls=certificate_context)
        client = HttpClient()
        client.session.verify = str(certificate)
        assert client.post(f"https://127.0.0.1:{server.server_port}/", body=b"{}", headers={}).is_success
        resolved = [(2, 1, 6, "", ("127.0.0.1", server.server_port))]
        monkeypatch.setattr("socket.getaddrinfo", lambda *args, **kwargs: resolved)
        with pytest.raises(TransportError, match="certificate"):
            client.post(f"https://chat.inner:{server.server_port}/", body=b"{}", headers={})
        client.close()
        server.stop()

    @pytest.mark.usefixtures("inner_hosts")
    def test_no_proxy_of_the_machine_is_used(self, http_server: HttpServer, monkeypatch):
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
        client = HttpClient()
        assert client.post(http_server.url, body=b"{}", headers={}).is_success
        client.close()


DATE = "Mon, 02 Mar 2026 09:00:00 GMT"


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"Retry-After": "120"}, timedelta(seconds=120)),
        ({"Retry-After": "0"}, timedelta()),
        ({"Retry-After": "Mon, 02 Mar 2026 09:01:30 GMT", "Date": DATE}, timedelta(seconds=90)),
        ({"Retry-After": "Mon, 02 Mar 2026 08:00:00 GMT", "Date": DATE}, timedelta()),
        ({"Retry-After": "Mon, 02 Mar 2020 08:00:00 GMT"}, timedelta()),
        ({"Retry-After": "9" * 40}, LONGEST_WAIT),
        ({"Retry-After": "99999999"}, LONGEST_WAIT),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "²"}, None),
    ],
)
def test_retry_after(headers, expected):
    assert retry_after(headers) == expected
