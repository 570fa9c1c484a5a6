"""A letter that is joined has the bytes of the same letter rendered in full, whatever names, texts and links hold."""

import re
from collections.abc import Mapping
from dataclasses import replace
from types import SimpleNamespace
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.campaigns.content import Compiled
from apps.campaigns.content.compiled import Source, compile_source
from apps.campaigns.content.context import Facts, facts_of
from apps.channels.merging import SYNTAXES
from apps.channels.messages import CalendarPart, Message, Wire
from apps.channels.mime import Frame, mail_bytes
from apps.channels.models import ChannelKind
from apps.common.text import clean_text, one_line
from apps.delivery import letters
from apps.delivery.compose import Writer
from apps.delivery.letters import LetterBox
from apps.delivery.links import click_urls, lead_links, open_urls, unsubscribe_urls
from apps.delivery.waiting import Recipient, WaitingRow
from apps.windows.calendar.invitations import Invitation, Method
from tests.factories import NOW, make_campaign, make_channel, make_template, make_touchpoint, make_window

from .engine import expanded

BOUNDARY = re.compile(rb"={15}\d+==")
FRAME = Frame.of(sender="Maintenance <maintenance@example.org>", reply_to="")
PARTS = st.sampled_from(
    [
        "{{ contact.name }}",
        "{{ contact.greeting }},",
        "{{ contact.organisation | upcase }}",
        "{{ contact.name | default: 'you' | truncate: 9 }}",
        "{{ window.title }}",
        "{{ window.times }}",
        "[the page]({{ window.notice_url }})",
        "see {{ window.notice_url }}",
        "[help](https://help.example.org/?a=1&b=2)",
        "[help](https://help.example.org/?a=1&b=2) [other](https://example.org/x) [mail](mailto:a@b.org)",
        "[yours](https://example.org/?who={{ contact.name }})",
        "[yours](https://example.org/?page={{ window.notice_url }})",
        "[all]({{ contact.organisation }})",
        "{% if contact.name %}Dear {{ contact.name }}{% endif %}",
        "Café, 名前, 👩🏽‍🔧",
        "\n\n",
        "\n",
        ".",
        "..",
        "<b>&amp;</b>",
        "%recipient.v0%",
        "x" * 400,
    ]
)
BODIES = st.lists(PARTS | st.text(alphabet=st.characters(codec="utf-8", exclude_characters="{}%"), max_size=30), max_size=12).map(
    " ".join
)
SUBJECTS = st.sampled_from(
    [
        "{{ window.title }}",
        "{{ contact.name }}: {{ window.title }}",
        "Travaux à venir",
        "{{ contact.organisation }}",
        "{{ window.notice_url }}",
    ]
)
NAMES = st.text(max_size=40) | st.sampled_from(
    ["Ann & Bob <ab>", ".", "é" * 300, "a\r\n.\r\nb", "https://x.org/\"'", "qzxt000000qzx"]
)
NOTICES = st.sampled_from(["https://preavis.test/windows/7", "https://preavis.test/?a=1&b='2'"])
LETTERS = {
    "body": BODIES,
    "subject": SUBJECTS,
    "name": NAMES,
    "organisation": NAMES,
    "is_internal": st.booleans(),
    "leaves": st.booleans(),
    "links": st.integers(0, 3),
    "notice": NOTICES,
}


class Book:
    """The numbers of links, of which it has room for `most`, without a database."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.numbers: dict[str, int] = {}

    def number_of(self, url: str) -> int | None:
        return (
            self.numbers.setdefault(url, len(self.numbers) + 1) if len(self.numbers) < self.most or url in self.numbers else None
        )


@pytest.fixture(scope="module")
def facts(django_db_setup, django_db_blocker) -> Facts:
    """What a window says; read once, the rest needs no database."""
    from django.db import transaction

    with django_db_blocker.unblock(), transaction.atomic():
        window = make_window(title="Mise à jour <b>", reason="Why & how")
        read = facts_of(make_touchpoint(campaign=make_campaign(window=window), channel=make_channel(ChannelKind.EMAIL)))
        transaction.set_rollback(True)
    return read


@pytest.fixture(scope="module")
def invitations(django_db_setup, django_db_blocker) -> dict[Method, Invitation]:
    from django.db import transaction

    with django_db_blocker.unblock(), transaction.atomic():
        window = make_window(title="Mise à jour, enfin; <b>", reason="Why & how")
        rendered = {
            method: Invitation.of(window, method=method, organizer="Équipe <maintenance@example.org>", language="fr")
            for method in Method
        }
        transaction.set_rollback(True)
    return rendered


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    **LETTERS,
    method=st.sampled_from([None, *Method]),
)
def test_both_ways_give_the_same_bytes(
    facts, invitations, body, subject, name, organisation, is_internal, leaves, method, links, notice
):
    facts = replace(facts, notice_url=notice)
    compiled = sound(body, subject, facts)
    row, writer = written_to(name, organisation, facts, is_internal=is_internal, links=links)
    calendar = method and CalendarPart(method=method, body=invitations[method].to(row.address))

    joined = (
        LetterBox(writer.links, notice_url=facts.notice_url).write(row, compiled, has_unsubscribe=leaves) if compiled else None
    )
    if joined is None:
        return
    leave = writer.unsubscribe_url(row.token) if leaves else ""
    content = writer._rendered(row, compiled, leave=leave)

    assert (joined.subject, joined.unsubscribe_url) == (content.subject, leave)
    plain = {"text": clean_text(content.text), "html": clean_text(content.html)}
    assert sent(*joined[:2], calendar) == sent(content.subject, None, calendar, **plain)
    rendered = Wire.of(text=content.text, html=content.html)
    texts = bytes(rendered.text), bytes(rendered.html)
    assert (bytes(joined.texts.text), bytes(joined.texts.html)) == texts
    assert (joined.texts.text.is_ascii, joined.texts.html.is_ascii) == tuple(text.isascii() for text in texts)
    assert joined.texts.longest_line >= rendered.longest_line
    if joined.texts.has_no_dots:
        assert not any(line.startswith(b".") for part in texts for line in part.split(b"\r\n"))


def written_to(name: str, organisation: str, facts: Facts, *, is_internal: bool, links: int) -> tuple[WaitingRow, Writer]:
    reader = Recipient(7, name, organisation, "en", "Europe/Paris", None, is_internal)
    row = WaitingRow(3, uuid4(), "cem@example.org", 0, None, None, reader)
    writer = Writer.__new__(Writer)  # without the queries
    writer.links, writer.material = Book(links), SimpleNamespace(facts=facts)
    writer.open_url, writer.click_url, writer.unsubscribe_url = open_urls(), click_urls(), unsubscribe_urls()
    return row, writer


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(**LETTERS)
def test_a_provider_that_fills_in_our_form_letter_sends_the_rendered_text(
    facts, body, subject, name, organisation, is_internal, leaves, links, notice
):
    facts = replace(facts, notice_url=notice)
    compiled = sound(body, subject, facts)
    row, writer = written_to(name, organisation, facts, is_internal=is_internal, links=links)
    box = LetterBox(writer.links, notice_url=facts.notice_url, as_forms=True)
    merged = box.write(row, compiled, has_unsubscribe=leaves) if compiled else None
    if merged is None:
        return
    leave = writer.unsubscribe_url(row.token) if leaves else ""
    content = writer._rendered(row, compiled, leave=leave)
    rendered = content.subject, clean_text(content.text), clean_text(content.html)

    subject, merge, unsubscribe_url = merged
    form, values = merge.form, merge.values
    assert (subject, unsubscribe_url) == (content.subject, leave)
    assert tuple(text.filled(values) for text in (form.subject, form.text, form.html)) == rendered
    for syntax in filter(lambda syntax: syntax.takes(merge), SYNTAXES.values()):
        tagged = syntax.tagged(form)
        tags = (syntax.tag, tagged.subject), (syntax.tag, tagged.text), (syntax.html_tag, tagged.html)
        assert tuple(filled_in(text, tag, values) for tag, text in tags) == rendered


def filled_in(text: str, tag: str, values: Mapping[str, str]) -> str:
    """What a provider does that looks for anything like a tag, once."""
    pattern = re.escape(tag).replace("NAME", r"(\w+)")
    return re.sub(pattern, lambda found: values.get(found[1], ""), text)


def sound(body: str, subject: str, facts: Facts) -> Compiled | None:
    """None where the text would be refused when it is saved."""
    from apps.campaigns.content.errors import ContentError

    try:
        return compile_source(
            Source(name="t", language="en", subject=subject, body=body), facts, "Europe/Paris", ChannelKind.EMAIL
        )
    except ContentError:
        return None


def sent(subject: str, wire: Wire | None, calendar: CalendarPart | None, text: str = "", html: str = "") -> bytes:
    message = Message(
        key="k",
        address="cem@example.org",
        subject=one_line(subject),
        text=text,
        html=html,
        wire=wire,
        calendar=calendar,
        headers={"Date": "now", "Message-ID": "<k>"},
    )
    return BOUNDARY.sub(b"boundary", mail_bytes(message, FRAME)[0])


def test_an_ordinary_letter_is_joined(facts):
    compiled = sound(
        "{{ contact.greeting }},\n\n[the page]({{ window.notice_url }}) [help](https://help.example.org)",
        "{{ contact.name }}",
        facts,
    )
    row = WaitingRow(3, uuid4(), "cem@example.org", 0, None, None, Recipient(7, "Cem", "", "en", "", None, False))

    subject, wire, _leave = LetterBox(Book(3), notice_url=facts.notice_url).write(row, compiled, has_unsubscribe=True)

    assert subject == "Cem"
    assert b"Hello Cem," in bytes(wire.text)
    # The page in the preview, the text and the foot; help; and in the foot the calendar file.
    assert bytes(wire.html).count(b"https://preavis.test/c/") == 5
    assert f"{facts.calendar_url}?lang=en".encode() in bytes(wire.text)


@pytest.mark.parametrize(
    ("subject", "body"),
    [
        ("x", "{% if contact.name %}x{% endif %}"),
        ("x", "[yours](https://example.org/?who={{ contact.name }})"),
        ("{{ window.title }}: {{ window.notice_url }}", "x"),
    ],
)
def test_what_differs_in_more_than_its_values_is_rendered_for_each(facts, subject, body):
    row = WaitingRow(3, uuid4(), "cem@example.org", 0, None, None, Recipient(7, "Cem", "", "en", "", None, False))

    assert LetterBox(Book(3), notice_url=facts.notice_url).write(row, sound(body, subject, facts), has_unsubscribe=True) is None


@pytest.mark.django_db
def test_a_batch_cuts_a_letter_once_for_all_who_share_it(monkeypatch):
    make_template(body="Dear {{ contact.name }}, {{ window.times }}")
    expanded(5, channel=make_channel(ChannelKind.EMAIL))
    from apps.delivery import store
    from apps.delivery.compose import compose_batch
    from apps.delivery.waiting import waiting_rows

    cuts = []
    monkeypatch.setattr(letters.links, "lead_links", lambda *args, **words: (cuts.append(1), lead_links(*args, **words))[1])
    batch = store.claim(now=NOW)
    composed = compose_batch(batch, waiting_rows(batch), at=NOW, takes_wire=True)

    assert len(composed.messages) == 5
    assert len(cuts) == 1
    assert all(message.wire and not message.text for _row, message in composed.messages)
