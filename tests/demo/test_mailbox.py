import http.client
import smtplib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from threading import Thread

import pytest

from demo.mailbox import smtp
from demo.mailbox.parse import parse
from demo.mailbox.store import KEPT, PAGE_SIZE, Store
from demo.mailbox.web import Server
from demo.ports import USUAL_PORTS, held_ports

SITE = "http://127.0.0.1:8000"
PIXEL = f"{SITE}/o/abc.gif"
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@dataclass
class Mailbox:
    store: Store
    smtp_port: int
    http_port: int

    def send(self, raw: bytes, to: str = "cem@example.org") -> None:
        with smtplib.SMTP("127.0.0.1", self.smtp_port, timeout=5) as client:
            client.sendmail("ana@acme.example", [to], raw)

    def get(self, path: str, host: str = "127.0.0.1:1") -> tuple[int, dict[str, str], str]:
        with closing(http.client.HTTPConnection("127.0.0.1", self.http_port, timeout=5)) as connection:
            connection.request("GET", path, headers={"Host": host})
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read().decode()


@pytest.fixture
def mailbox(tmp_path: Path) -> Iterator[Mailbox]:
    with held_ports(USUAL_PORTS) as ports:
        store = Store(tmp_path / "mailbox.sqlite3")
        receiver = smtp.start(store, port=ports.smtp)
        server = Server(store, port=ports.mailbox, site_url=SITE)
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield Mailbox(store=store, smtp_port=ports.smtp, http_port=ports.mailbox)
        server.shutdown()
        server.server_close()
        thread.join()
        receiver.stop()
        store.close()


def make_mail(html: str = "", *, subject: str = "Demain à 2 h", to: str = "Cem <cem@example.org>") -> bytes:
    message = EmailMessage()
    message["Subject"], message["To"], message["From"] = subject, to, "Ana <ana@acme.example>"
    message.set_content("The text part")
    if html:
        message.add_alternative(html, subtype="html")
    return message.as_bytes()


def test_what_arrives_by_smtp_is_listed(mailbox: Mailbox) -> None:
    mailbox.send(make_mail())
    status, _, page = mailbox.get("/")
    assert status == 200
    assert "Demain à 2 h" in page
    assert "cem@example.org" in page


def test_the_newest_stands_first(mailbox: Mailbox) -> None:
    mailbox.send(make_mail(subject="First"))
    mailbox.send(make_mail(subject="Second"))
    page = mailbox.get("/")[2]
    assert page.index("Second") < page.index("First")


def test_a_mailbox_that_is_gone_refuses(mailbox: Mailbox) -> None:
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refusal:
        mailbox.send(make_mail(), to="old@gone.example")
    assert refusal.value.recipients["old@gone.example"][0] == 550


def test_the_message_stands_in_a_sandboxed_frame_without_scripts(mailbox: Mailbox) -> None:
    mailbox.send(make_mail(f'<p>Hello</p><img src="{PIXEL}">'))
    page = mailbox.get("/messages/1")[2]
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in page
    assert "allow-scripts" not in page


def test_the_frame_may_load_pictures_of_the_site_and_nothing_else(mailbox: Mailbox) -> None:
    mailbox.send(make_mail(f'<img src="{PIXEL}">'))
    _, headers, body = mailbox.get("/messages/1/html")
    policy = headers["Content-Security-Policy"]
    assert PIXEL in body
    assert f"img-src data: {SITE};" in policy
    assert "default-src 'none'" in policy
    assert policy.startswith("sandbox ")


@pytest.mark.parametrize("path", ["/", "/?q=cem", "/messages/1", "/messages/1?view=source", "/messages/1?view=headers"])
def test_no_page_of_the_mailbox_itself_loads_the_pixel(mailbox: Mailbox, path: str) -> None:
    mailbox.send(make_mail(f'<p>Hello</p><img src="{PIXEL}">'))
    _, headers, page = mailbox.get(path)
    assert "<img" not in page
    assert "img-src data:;" in headers["Content-Security-Policy"]


@pytest.mark.parametrize("view", ["html", "text", "headers", "source"])
def test_hostile_words_stay_words(mailbox: Mailbox, view: str) -> None:
    script = "<script>alert(1)</script>"
    raw = make_mail(subject=script, to=f'"{script}" <cem@example.org>').replace(b"The text part", script.encode())
    mailbox.send(raw)
    page = mailbox.get(f"/messages/1?view={view}")[2]
    assert script not in page
    assert "&lt;script&gt;" in page


def test_links_of_a_message_open_in_a_new_tab(mailbox: Mailbox) -> None:
    mailbox.send(make_mail("<html><head><title>x</title></head><body><a href='https://example.org'>x</a></body></html>"))
    assert '<head><base target="_blank">' in mailbox.get("/messages/1/html")[2]


def test_a_message_without_html_shows_its_text(mailbox: Mailbox) -> None:
    mailbox.send(make_mail())
    page = mailbox.get("/messages/1")[2]
    assert "no HTML part" in page
    assert "The text part" in page


def test_undecodable_bytes_are_kept_and_shown(mailbox: Mailbox) -> None:
    mailbox.send(b"Subject: caf\xe9 \xff\r\nContent-Type: text/plain; charset=none-such\r\n\r\nna\xefve\r\n")
    assert mailbox.get("/")[0] == 200
    assert "na\ufffdve" in mailbox.get("/messages/1?view=text")[2]


def test_a_page_of_another_site_cannot_read_the_mail(mailbox: Mailbox) -> None:
    assert mailbox.get("/", host="evil.example")[0] == 421


@pytest.mark.parametrize("path", ["/messages/1", "/messages/1/html", "/messages/x", "/nothing", "/../demo/places.py"])
def test_what_does_not_exist_is_not_found(mailbox: Mailbox, path: str) -> None:
    status, _, page = mailbox.get(path)
    assert status == 404
    assert "Nothing there" in page


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "mailbox.sqlite3")
    yield store
    store.close()


def add(store: Store, count: int = 1, **fields: str) -> None:
    for _ in range(count):
        recipient = fields.get("to", "cem@example.org")
        store.add(sender="a@acme.example", recipients=[recipient], subject=fields.get("subject", "x"), raw=b"", now=NOW)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        pytest.param("cem", 1, id="part of a recipient"),
        pytest.param("upgrade CEM", 1, id="all words, in either, in any case"),
        pytest.param("100%", 1, id="a percent sign is itself"),
        pytest.param("_", 0, id="an underscore is itself"),
        pytest.param("\\", 0, id="so is a backslash"),
        pytest.param("cem nobody", 0, id="every word has to match"),
    ],
)
def test_search(store: Store, query: str, found: int) -> None:
    add(store, to="cem@example.org", subject="Upgrade 100% done")
    add(store, to="ben@example.org", subject="Other")
    assert store.page(query=query).total == found


def test_thousands_of_messages_come_in_pages(store: Store) -> None:
    add(store, 2 * PAGE_SIZE + 1)
    page = store.page(number=99)
    assert (page.number, page.count, len(page.rows)) == (3, 3, 1)


def test_the_oldest_go_when_there_are_too_many(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("demo.mailbox.store.KEPT", 150)
    add(store, 300)
    assert KEPT > 150
    assert store.page().total == 150


def test_parts_nested_without_end_are_shown_as_source() -> None:
    deep = b"".join(b'Content-Type: multipart/mixed; boundary="%d"\r\n\r\n--%d\r\n' % (n, n) for n in range(3000))
    assert "multipart" in parse(deep).text
