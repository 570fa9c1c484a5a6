"""A message that is joined has the bytes that Django would have written."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.channels.messages import CalendarPart, Message, Wire
from apps.channels.mime import Frame, django_email, header, mail_bytes
from apps.common.text import clean_text, one_line

SENDER = "Travaux planifiés <maintenance@example.org>"
BOUNDARY = re.compile(rb"={15}\d+==")

# What people are called, and what a text may hold: accents, emoji, dots and blanks at odd places, long lines, old line ends.
words = st.text(max_size=60) | st.sampled_from(
    ["", ".", "..", "Zoë", "名前", "👩🏽‍🔧", "a\r\nb", "From x", "=20", "\x85\u2028", "x" * 990, "é" * 500]
)
lines = st.lists(words, max_size=8).map("\n".join)
calendars = st.none() | st.builds(
    CalendarPart,
    method=st.sampled_from(["REQUEST", "CANCEL"]),
    body=lines.map(lambda text: (clean_text(text)[:60] + "\n").replace("\n", "\r\n").encode()),
)
maintnotes = st.just(b"") | lines.map(lambda text: (clean_text(text)[:60] + "\n").replace("\n", "\r\n").encode())
atoms = st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), max_size=300)


def both_ways(frame: Frame, *, text: str, html: str, **fields) -> tuple[bytes, bytes]:
    about = {"key": "k", "address": "cem@example.org", "subject": "Window"} | fields
    plain = Message(text=text, html=html, **about)
    written = django_email(plain, sender=frame.sender, reply_to=frame.reply_to).message().as_bytes(linesep="\r\n")
    joined, _has_no_dots = mail_bytes(Message(text="", wire=Wire.of(text=text, html=html), **about), frame)
    return tuple(BOUNDARY.sub(b"boundary", way) for way in (written, joined))


@given(
    text=lines,
    html=lines.filter(lambda text: clean_text(text) != ""),
    subject=words,
    name=words,
    calendar=calendars,
    maintnote=maintnotes,
)
def test_both_ways_give_the_same_bytes(text, html, subject, name, calendar, maintnote):
    headers = {"Message-ID": "<k@preavis.test>", "Date": "Mon, 02 Mar 2026 09:00:00 +0000", "X-Name": name}

    written, joined = both_ways(
        FRAME, text=text, html=html, subject=subject, headers=headers, calendar=calendar, maintnote=maintnote
    )

    assert joined == written


FRAME = Frame.of(sender=SENDER, reply_to="")


@pytest.mark.parametrize("reply_to", ["", "help@example.org", "Aide <aide@exämple.org>"])
@pytest.mark.parametrize("address", ["cem@example.org", "émile@exämple.org", f"{'c' * 60}@{'d' * 60}.example.org"])
def test_senders_and_addresses_are_written_as_django_writes_them(reply_to, address):
    written, joined = both_ways(
        Frame.of(sender=SENDER, reply_to=reply_to),
        text="Text\n",
        html="<p>é</p>",
        address=address,
        headers={"Date": "now", "Message-ID": "<k>"},
    )

    assert joined == written


@given(name=st.sampled_from(["Message-ID", "List-Unsubscribe", "References", "X-Other"]), value=atoms | words.map(one_line))
def test_each_header_is_folded_as_django_folds_it(name, value):
    email = django_email(
        Message(key="k", address="a@b.org", subject="s", text="t", headers={"X": "y"}), sender=SENDER, reply_to=""
    )
    mime = email.message()
    del mime[name]
    mime[name] = value

    assert header(name, value) == mime.policy.fold_binary(name, mime[name]).replace(b"\n", b"\r\n")


def test_a_line_too_long_for_smtp_is_wrapped_by_django():
    joined, _has_no_dots = mail_bytes(
        Message(key="k", address="a@b.org", subject="s", text="", wire=Wire.of(text="x" * 999, html="<p>")), FRAME
    )

    assert b"quoted-printable" in joined
    assert max(map(len, joined.split(b"\r\n"))) <= 998
