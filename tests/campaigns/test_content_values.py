"""What comes from contacts and planners stays what it is: text. And both ways of rendering give the same bytes."""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.audiences.models import Contact
from apps.campaigns.content.compiled import Compiled, Content, Source, compile_source
from apps.campaigns.content.context import Facts
from apps.campaigns.replanning import Times
from apps.channels.models import ChannelKind
from apps.windows.models import WindowText
from tests.factories import HOUR, NOW

HOSTILE = (
    *("<script>alert(1)</script>", "<img src=x onerror=alert(1)>", '" onmouseover="alert(1)', "**bold** _it_ `code`", "# Title"),
    *("[click](https://evil.example)", "![x](https://evil.example/p.gif)", "<https://evil.example>", "javascript:alert(1)"),
    *("{{ contact.email }}", "{% if x %}", "&amp; &lt;b&gt;", "qzxt000000qzx", "qzxt100000qzx", "a\r\nBcc: all@example.org"),
    *("- item\n- item", "<!channel>", "\x00\x07", "~~~\n", "> quote", "1. one", "----", "](", "*", "x" * 5000),
)
TEMPLATE = """{{ contact.greeting }},

# About {{ contact.organisation }}

- {{ contact.name }} **{{ window.title }}** {{ contact.first_name | upcase }}
- [{{ contact.name }}](https://example.org/?who={{ contact.name }}&what={{ window.reason }})
- `{{ contact.name }}` {{ window.reason }}

[State]({{ window.notice_url }}) [Own]({{ contact.organisation }})

> {{ contact.name | default: "nobody" | truncate: 20 }}

    {{ contact.name }}
"""
BRANCHING = "{% if contact.name %}{% endif %}" + TEMPLATE  # asks the contact, and says the same
KINDS = (ChannelKind.EMAIL, ChannelKind.CHAT, ChannelKind.SMS, ChannelKind.WEBHOOK)


class Shape(HTMLParser):
    """The tags and addresses of a document: what may not depend on a value."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, tuple[str, ...]]] = []
        self.addresses: list[str] = []
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "br":
            self.tags.append((tag, tuple(name for name, _value in attrs)))
        self.addresses += [value or "" for name, value in attrs if name in ("href", "src")]

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def facts(*, title: str = "Title", reason: str = "Reason") -> Facts:
    words = {"title": title, "reason": reason, "effect": "", "alternatives": ""}
    return Facts(
        uid="6f1c",
        texts=tuple(WindowText(language=language, **words) for language in ("en", "fr")),
        services=("Shop",),
        impact="outage",
        status="scheduled",
        revision=1,
        time_zone="Europe/Paris",
        times=Times(starts_at=NOW, ends_at=NOW + HOUR, announced_ends_at=NOW + 2 * HOUR),
        previous=None,
        change_reason="",
        actual_started_at=None,
        actual_ended_at=None,
        outcome="",
        is_temporary=False,
        notice_url="https://preavis.test/windows/6f1c",
        calendar_url="https://preavis.test/windows/6f1c.ics",
        team_name="Ops",
        team_email="ops@example.org",
        touchpoint_key="announce",
        touchpoint_number=1,
        touchpoint_at=NOW,
    )


def compiled(body: str, kind: str = ChannelKind.EMAIL, language: str = "en", **window: str) -> Compiled:
    source = Source(name="announce (en)", language=language, subject="{{ window.title }}: {{ contact.name }}", body=body)
    return compile_source(source, facts(**window), "Europe/Paris", kind)


def person(name: str = "Ana", organisation: str = "Lima") -> Contact:
    return Contact(name=name, organisation=organisation, email="ana@example.org")


def said(body: str, name: str = "Ana", organisation: str = "Lima", kind: str = ChannelKind.EMAIL, **window: str) -> Content:
    return compiled(body, kind, **window).render(person(name, organisation), unsubscribe_url="https://preavis.test/u/x")


@pytest.mark.parametrize("value", HOSTILE, ids=repr)
@pytest.mark.parametrize("body", [TEMPLATE, BRANCHING], ids=["shared", "in full"])
def test_no_value_changes_the_shape_of_a_mail(body, value):
    tame = Shape(said(body).html)
    for content in (said(body, name=value), said(body, organisation=value), said(body, title=value), said(body, reason=value)):
        shape = Shape(content.html)
        assert shape.tags == tame.tags
        assert all(re.match(r"(https://(preavis\.test|example\.org)/|#$)", address) for address in shape.addresses)
        assert "\n" not in content.subject
        assert "\r" not in content.subject + content.text + content.html


def test_a_hostile_name_is_read_as_it_is_written():
    html = said(TEMPLATE, name="<b>**Ana**</b> & [x](y)").html
    assert "&lt;b&gt;**Ana**&lt;/b&gt; &amp; [x](y)" in html


def test_a_value_of_several_lines_keeps_them():
    content = said("{{ window.reason }}", reason="one\ntwo")
    assert "one<br>two" in content.html
    assert content.text.startswith("one\ntwo\n")


def test_a_value_as_an_address_must_lead_to_a_page():
    assert 'href="#"' in said("[x]({{ contact.organisation }}) [y](https://y.example)", organisation="javascript:alert(1)").html
    assert (
        'href="https://lima.example/a?b=1&amp;c"'
        in said("[x]({{ contact.organisation }})", organisation="https://lima.example/a?b=1&c").html
    )


def test_a_value_within_an_address_is_quoted():
    assert "https://example.org/?who=A%20%26%20B%2F%22" in said(TEMPLATE, name='A & B/"').html


def test_html_and_pictures_in_a_template_are_shown_as_text():
    html = said("<b onclick=x>bold</b> ![alt](https://evil.example/p.gif)\n\n<script>x</script>").html
    assert "<img" not in html
    assert "<script" not in html
    assert "&lt;b onclick=x&gt;" in html


def test_an_address_in_a_template_must_lead_to_a_page():
    html = said("[a](javascript:alert(1)) [b](data:text/html,x) [c](/admin) [d](https://d.example)").html
    assert "javascript:" not in re.sub(r"\[a\]\(javascript:alert\(1\)\)", "", html)
    assert 'href="/admin"' not in html
    assert "https://d.example" in html


def test_chat_values_cannot_format():
    text = said("**{{ contact.name }}**", name="*a* _b_ db_primary ~c~ `d` [e](https://f)", kind=ChannelKind.CHAT).text
    assert text.count("*") == 2
    assert not re.search(r"[~`\[\]]|(?<!\w)_", text)
    assert "db_primary" in text


names = st.text(max_size=40) | st.sampled_from(HOSTILE)
pieces = st.sampled_from(
    [
        *(
            "{{ contact.name }}",
            "{{ contact.organisation | upcase }}",
            "{{ contact.first_name | default: 'x' }}",
            "{{ window.times }}",
        ),
        *(
            "{{ window.title }}",
            "\n\n",
            "\n- ",
            "**",
            "_",
            "# ",
            "`",
            "> ",
            "    ",
            " and ",
            "<b>",
            "[",
            "](https://e.org/",
            ")",
            "\\",
        ),
        *(
            "[s]({{ window.notice_url }})",
            "[o]({{ contact.organisation }})",
            "{% if window.reason %}yes{% endif %}",
            "é",
            "&",
            "!",
            "\n",
        ),
        "{% for s in window.services %}{{ s }}: {{ contact.name }}{% endfor %}",
        *(
            "[h](https://{{ contact.name }}/)",
            "[j](java{{ contact.name }}:x)",
            "[r](//{{ contact.name }})",
            "<https://{{ contact.name }}>",
        ),
        *(
            "[q](<{{ contact.name }} b>)",
            "[z]: https://{{ window.title }}/\n\n[z]",
            "&{{ contact.name }};",
            "\\{{ contact.name }}",
            "$",
        ),
    ]
)


@given(
    body=st.lists(pieces, max_size=25).map("".join),
    name=names,
    organisation=names,
    kind=st.sampled_from(KINDS),
    language=st.sampled_from(["en", "fr"]),
    links=st.booleans(),
)
@settings(max_examples=150, deadline=None)
def test_rendering_in_full_gives_the_same_bytes_as_filling_in_what_is_shared(body, name, organisation, kind, language, links):
    addresses = {"notice_url": "https://p.t/c/1", "unsubscribe_url": "https://p.t/u/1", "pixel_url": "https://p.t/o/1.gif"}
    shared = compiled(body, kind, language)
    in_full = compiled("{% if contact.name == 'never' %}{% endif %}" + body, kind, language)
    assert shared.common is not None
    assert in_full.common is None
    contact = person(name, organisation)
    given_links = addresses if links else {}
    content = shared.render(contact, **given_links)
    assert content == in_full.render(contact, **given_links)
    assert not re.search(r"qzx[tup]\d{6}qzx", content.html) or "qzx" in name + organisation
