"""What a message carries beside its words: names, threads, links, pixel, and the way out."""

import re
from datetime import timedelta
from email.utils import parsedate_to_datetime

import pytest
from django.utils import timezone

from apps.audiences.models import Suppression
from apps.channels.models import ChannelKind
from apps.channels.transports.memory import MemoryTransport
from apps.common.tokens import Purpose, unsign
from apps.delivery import store
from apps.delivery.compose import compose_batch
from apps.delivery.links import MOST_LINKS, LinkBook, rewrite_links
from apps.delivery.models import Delivery, Link
from apps.delivery.waiting import waiting_rows
from tests.factories import (
    NOW,
    make_campaign,
    make_channel,
    make_contact,
    make_template,
    make_touchpoint,
    make_window,
)

from .engine import expanded, work

pytestmark = pytest.mark.django_db

BODY = "{{ contact.name }}, [the page]({{ window.notice_url }}), [help](https://help.example.org/?a=1&b=2): {{ window.times }}."
SIGNED = r"https://preavis\.test/c/([\w-]+)"


@pytest.fixture(autouse=True)
def _texts():
    make_template(body=BODY)
    make_template(language="fr", subject="Travaux", body="Bonjour {{ contact.name }}, {{ window.times }}.")


def composed(people=(), **fields):
    for person in people or ({"name": "Cem"},):
        make_contact(**person)
    expanded(0, **fields)
    batch = store.claim(now=NOW)
    return compose_batch(batch, waiting_rows(batch), at=NOW)


def the_message(**fields):
    ((row, message),) = composed(**fields).messages
    return Delivery.objects.get(pk=row.pk), message


def test_each_reads_their_own_language_and_zone():
    people = ({"language": "fr", "time_zone": "America/New_York"}, {"language": "en", "time_zone": "Asia/Tokyo"})

    (_, french), (_, english) = composed(people).messages

    assert french.subject == "Travaux"
    assert "New York" in french.text
    assert english.headers["Content-Language"] == "en"
    assert "Tokyo" in english.text


def test_the_name_of_a_message_is_that_of_its_delivery():
    delivery, message = the_message()

    assert message.key == delivery.token.hex
    assert message.headers["Message-ID"] == f"<{delivery.token.hex}@preavis.test>"
    assert parsedate_to_datetime(message.headers["Date"]) == NOW


def test_a_repeat_keeps_its_first_date():
    expanded(1)
    Delivery.objects.update(composed_at=NOW)
    batch = store.claim(now=NOW)

    later = compose_batch(batch, waiting_rows(batch), at=NOW + timedelta(hours=1))

    assert parsedate_to_datetime(later.messages[0][1].headers["Date"]) == NOW


def test_all_messages_of_a_window_to_one_person_form_a_thread():
    campaign = make_campaign()
    threads = set()
    for key in ("announce", "reminder"):
        make_touchpoint(campaign=campaign, step_key=key)
    make_contact()
    make_contact()
    from apps.campaigns.models import Touchpoint
    from apps.delivery.expand import expand_touchpoint

    for touchpoint in Touchpoint.objects.all():
        expand_touchpoint(touchpoint.pk, now=NOW)
    work()
    for message in MemoryTransport.outbox:
        assert message.headers["References"] == message.headers["In-Reply-To"]
        threads.add((message.address, message.headers["References"]))

    assert len(MemoryTransport.outbox) == 4
    assert len(threads) == 2


def test_automatic_answers_are_asked_not_to_come():
    _delivery, message = the_message()

    assert message.headers["Auto-Submitted"] == "auto-generated"
    assert "OOF" in message.headers["X-Auto-Response-Suppress"]


def test_a_customer_can_leave_with_one_click():
    delivery, message = the_message()

    (url,) = re.fullmatch(r"<(.+)>", message.headers["List-Unsubscribe"]).groups()
    assert message.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert unsign(Purpose.UNSUBSCRIBE, url.rpartition("/")[2]).token == delivery.token
    assert url in message.text
    assert url in message.html


@pytest.mark.parametrize(
    ("person", "fields"),
    [
        pytest.param({}, {"is_mandatory": True}, id="a mandatory notice"),
        pytest.param({"is_internal": True}, {}, id="a colleague"),
    ],
)
def test_nobody_is_offered_to_leave_what_they_cannot_leave(person, fields):
    _delivery, message = the_message(people=[person], **fields)

    assert "List-Unsubscribe" not in message.headers
    assert "/u/" not in message.text + message.html


def test_the_pixel_stands_in_the_html_alone():
    delivery, message = the_message()

    (signed,) = re.findall(r"https://preavis\.test/o/([\w-]+)\.gif", message.html)
    assert unsign(Purpose.OPEN, signed).token == delivery.token
    assert "/o/" not in message.text


def test_links_are_led_through_their_stored_targets():
    delivery, message = the_message()

    numbers = {unsign(Purpose.CLICK, signed).number for signed in re.findall(SIGNED, message.html)}
    targets = set(Link.objects.filter(number__in=numbers).values_list("url", flat=True))
    window = delivery.touchpoint.campaign.window
    assert targets >= {"https://help.example.org/?a=1&b=2", f"https://preavis.test/windows/{window.uid}"}
    assert all(unsign(Purpose.CLICK, signed).token == delivery.token for signed in re.findall(SIGNED, message.html))


def test_the_plain_text_has_the_signed_link_to_the_page_and_plain_links():
    _delivery, message = the_message()

    assert len(set(re.findall(SIGNED, message.text))) == 1
    assert "https://help.example.org/?a=1&b=2" in message.text


def test_links_of_a_touchpoint_keep_their_numbers_over_batches():
    touchpoint = make_touchpoint()
    first = LinkBook(touchpoint.pk)
    numbers = [first.number_of(f"https://example.org/{page}") for page in range(3)]

    assert [LinkBook(touchpoint.pk).number_of(f"https://example.org/{page}") for page in range(3)] == numbers == [1, 2, 3]


def test_two_workers_that_meet_the_same_links_agree_on_the_numbers():
    touchpoint = make_touchpoint()
    one, other = LinkBook(touchpoint.pk), LinkBook(touchpoint.pk)

    assert one.number_of("https://example.org/a") == 1
    assert other.number_of("https://example.org/b") == 2
    assert other.number_of("https://example.org/a") == 1


def test_more_links_than_a_signed_name_can_tell_apart_stay_as_they_are():
    touchpoint = make_touchpoint()
    Link.objects.bulk_create(
        Link(touchpoint=touchpoint, number=number, url=f"https://example.org/{number}") for number in range(1, MOST_LINKS + 1)
    )
    document = '<a class="b" href="https://example.org/new">x</a> <img src="https://example.org/1"><a href="mailto:a@b.c">m</a>'

    token = Delivery(touchpoint=touchpoint).token
    assert rewrite_links(document, number_of=LinkBook(touchpoint.pk).number_of, token=token, keep=()) == document


def test_a_chat_post_names_nobody():
    make_template(channel_kind=ChannelKind.CHAT, body="{{ window.notice_url }}")
    channel = make_channel(ChannelKind.CHAT, config={})
    delivery, message = the_message(channel=channel, audience="channel")

    assert delivery.contact is None
    assert message.address == message.html == ""
    assert "/windows/" in message.text
    assert message.headers == {}


def test_a_webhook_carries_the_facts():
    delivery, message = the_message(channel=make_channel(ChannelKind.WEBHOOK), audience="channel")

    assert message.key == delivery.token.hex
    assert message.data["type"] == "maintenance.announce"
    assert message.data["timestamp"] == NOW.isoformat()
    assert message.data["window"]["uid"] == str(delivery.touchpoint.campaign.window.uid)


def test_an_sms_has_a_text_alone():
    make_template(channel_kind=ChannelKind.SMS, body="{{ window.times }}")
    people = [{"phone": "+33123456789"}]
    _delivery, message = the_message(people=people, channel=make_channel(ChannelKind.SMS))

    assert message.address == "+33123456789"
    assert message.html == ""
    assert message.headers == {}


def test_an_sms_that_would_ring_at_night_stays_here():
    make_contact(phone="+33123456789", time_zone="America/Los_Angeles")  # one o'clock at night there
    expanded(0, channel=make_channel(ChannelKind.SMS))

    work(timezone.now().replace(year=NOW.year, month=3, day=2, hour=9, minute=0, second=0, microsecond=0))

    assert set(Delivery.objects.values_list("state", "reason")) == {("expired", "quiet_hours")}


def test_one_query_finds_all_who_left_meanwhile(django_assert_max_num_queries):
    for _ in range(10):
        make_contact()
    expanded(0)
    Suppression.objects.create(kind="email", address=Delivery.objects.first().address, reason="unsubscribed")
    batch = store.claim(now=NOW)
    rows = waiting_rows(batch)

    with django_assert_max_num_queries(18):
        found = compose_batch(batch, rows, at=NOW)

    assert (len(found.messages), [outcome.reason for outcome in found.left_out]) == (9, ["unsubscribed"])


def test_the_words_are_those_of_the_window():
    window = make_window(title="Réseau <b>")
    make_contact(name="Ann & Bob")
    expanded(0, campaign=make_campaign(window=window))
    work()

    (message,) = MemoryTransport.outbox
    assert message.subject == "Réseau <b>"
    assert "Ann &amp; Bob" in message.html
