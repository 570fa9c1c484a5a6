"""A message before it leaves: the worst case, the ways of looking at it, its lengths, and a test to oneself."""

import pytest

from apps.accounts.models import AuditEvent
from apps.campaigns.lengths import preheader_of
from apps.campaigns.models import MessageTemplate, Step
from apps.channels.messages import TransportError
from apps.channels.models import Channel, ChannelKind
from apps.channels.transports.memory import MemoryTransport
from apps.delivery.models import Delivery
from tests.factories import make_channel, make_contact, make_segment, make_step, make_template

from .admin_pages import LIST, drafted, released, signed_in

pytestmark = pytest.mark.django_db
LONG_NAME = "Maximiliana von und zu Langenscheidt-Hohenstein"


@pytest.fixture(autouse=True)
def _clean_outbox():
    MemoryTransport.reset()
    yield
    MemoryTransport.reset()


def page(campaign, client=None, **query):
    return (client or signed_in(username="eve")).get(f"{LIST}{campaign.window_id}/preview/", query).content.decode()


def by(kind, **fields):
    """A draft whose only step speaks by a channel of `kind`, and the name of its spot."""
    campaign = drafted(signed_in())
    channel = make_channel(kind, **fields)
    segment = None if channel.is_broadcast else make_segment()
    Step.objects.all().delete()
    make_step(campaign.playbook, key="alert", channel=channel, segment=segment)
    return campaign


def asked(campaign, *, email="eve@example.org", query="", **data):
    client = signed_in(username="eve", email=email)
    return client.post(f"{LIST}{campaign.window_id}/preview/?{query}", data).content.decode()


def test_worst_case_has_the_longest_names_and_all_that_may_be_missing():
    campaign = released(signed_in())
    MessageTemplate.objects.update(
        body="{{ contact.greeting }},\n\n{{ window.reason }} {{ window.previous_times }} {{ window.outcome }}"
    )
    make_contact(name=LONG_NAME, organisation="Short")
    text = page(campaign, to="fullest")
    assert f"Hello {LONG_NAME}" in text
    assert "The new database is in service." in text


def test_worst_case_has_nothing_that_may_be_missing():
    campaign = released(signed_in())
    MessageTemplate.objects.update(body="{{ contact.greeting }},\n\n[{{ window.reason }}{{ window.outcome }}{{ contact.name }}]")
    assert "Hello,\n\n[]" in page(campaign, to="barest")


def test_worst_case_of_a_place_is_composed_too():
    campaign = by(ChannelKind.CHAT)
    MessageTemplate.objects.update(body="{{ window.outcome }}", channel_kind="")
    assert "The new database is in service." in page(campaign, to="fullest")


def test_worst_case_speaks_the_language_picked():
    campaign = released(signed_in())
    make_template(language="fr", body="{{ contact.greeting }}")
    assert "Bonjour" in page(campaign, to="barest", lang="fr")


@pytest.mark.parametrize("to", ["fullest' OR 1=1", "9" * 40, "²", "-1", "\x00"])
def test_forged_recipient_is_the_first_of_the_segment(to):
    assert "ada@example.org" in page(released(signed_in()), to=to)


@pytest.mark.parametrize(
    ("view", "shown"),
    [("mobile", "narrow-frame"), ("dark", "scheme=dark"), ("text", 'id="preview-text">'), ("nonsense", "Desktop")],
)
def test_every_way_of_looking_has_an_address(view, shown):
    assert shown in page(released(signed_in()), view=view)


def test_dark_frame_holds_the_dark_rules_always():
    campaign = released(signed_in())
    url = f"{LIST}{campaign.window_id}/preview/message.html"
    client = signed_in(username="eve")
    assert "@media all{" in client.get(url, {"scheme": "dark"}).content.decode()
    assert "@media not all{" in client.get(url).content.decode()


def test_lengths_of_subject_and_preheader_stand_beside_them():
    campaign = released(signed_in())
    MessageTemplate.objects.update(subject="x" * 90, body="Dear reader,\n\nWork on **things**.\n\nMore.")
    text = page(campaign)
    assert "90 characters" in text
    assert "Computers cut it after about 70 characters" in text
    assert "Work on things." in text
    assert "15 characters" in text


def test_preheader_is_read_from_the_letter_itself():
    html = '<div class="preheader" style="x">A &amp; <b>b</b></div><div>Body</div>'
    assert preheader_of(html) == "A & b"


def test_posts_are_counted_for_each_network():
    campaign = by(ChannelKind.CHAT)
    make_template(channel_kind=ChannelKind.CHAT, subject="Work", body="é" * 320)
    text = page(campaign)
    assert "325 / 300" in text
    assert "25 too many" in text
    assert "325 / 500" in text


def test_test_really_leaves_and_is_marked_and_counted_nowhere():
    campaign = by(ChannelKind.MEMORY)
    text = asked(campaign)
    (message,) = MemoryTransport.outbox
    assert "The provider accepted the test." in text
    assert message.address == "eve@example.org"
    assert message.subject.startswith("[TEST] ")
    assert message.text.startswith("[TEST] ")
    assert "[TEST] This is a test, sent to you alone." in message.html
    assert message.html.index("<body") < message.html.index("[TEST]")
    assert not Delivery.objects.exists()
    event = AuditEvent.objects.get(verb="channel.tested")
    assert event.detail["content"] == "announce"
    assert event.detail["accepted"] is True


def test_address_of_a_mail_cannot_be_chosen():
    asked(by(ChannelKind.MEMORY), address="victim@example.org")
    assert [message.address for message in MemoryTransport.outbox] == ["eve@example.org"]


def test_refusal_is_shown_in_the_providers_own_words():
    MemoryTransport.fail_next(TransportError("550 no such mailbox", permanent=True, code="550"))
    assert "550 no such mailbox" in asked(by(ChannelKind.MEMORY))


def test_planner_without_an_address_is_told_so():
    text = asked(by(ChannelKind.MEMORY), email="")
    assert "Your account has no e-mail address" in text
    assert MemoryTransport.outbox == []


def test_text_message_needs_a_number():
    campaign = by(ChannelKind.SMS)
    make_template(channel_kind="sms", body="Soon")
    assert "Write the number with its country" in asked(campaign, address="12")
    assert not AuditEvent.objects.filter(verb="channel.tested").exists()


def test_text_message_says_what_it_would_cost_for_all_its_recipients():
    campaign = by(ChannelKind.SMS)
    make_template(channel_kind="sms", body="Soon")
    Channel.objects.update(part_price="0.06", part_currency="EUR")
    make_contact(phone="+33612345678")
    make_contact(phone="+33612345679")
    assert "each of its 2 recipients: About €0.12: 2 parts at €0.06 each." in page(campaign, to="barest")


def test_place_is_posted_to_only_with_a_tick():
    campaign = by(ChannelKind.CHAT)
    text = asked(campaign)
    assert "everybody there would read it" in text
    assert "Tick that it may be seen there" in text
    assert not AuditEvent.objects.filter(verb="channel.tested").exists()
    asked_again = signed_in(username="fay").post(f"{LIST}{campaign.window_id}/preview/", {"is_public": "on"}).content.decode()
    assert AuditEvent.objects.filter(verb="channel.tested").count() == 1
    assert "missing" in asked_again  # the channel's own problem: it has no address yet


def test_tests_are_not_sent_without_end():
    campaign = by(ChannelKind.MEMORY)
    client = signed_in(username="eve", email="eve@example.org")
    answers = [client.post(f"{LIST}{campaign.window_id}/preview/").content.decode() for _ in range(11)]
    assert len(MemoryTransport.outbox) == 10
    assert "Wait a little before the next one" in answers[-1]
    client = signed_in(username="fay", email="fay@example.org")
    client.post(f"{LIST}{campaign.window_id}/preview/")
    assert len(MemoryTransport.outbox) == 11


def test_viewer_looks_and_sends_nothing():
    from django.contrib.auth.models import Permission

    campaign = by(ChannelKind.MEMORY)
    viewer = signed_in(username="vic", is_superuser=False, email="vic@example.org")
    Permission.objects.get(codename="view_maintenancewindow").user_set.add(viewer.session["_auth_user_id"])
    assert "Send a test to me" not in page(campaign, viewer)
    assert viewer.post(f"{LIST}{campaign.window_id}/preview/").status_code == 403
    assert MemoryTransport.outbox == []


def test_looking_costs_as_much_with_many_recipients(django_assert_max_num_queries):
    campaign = released(signed_in())
    for _ in range(30):
        make_contact()
    client = signed_in(username="eve")
    assert Channel.objects.count() == 1
    with django_assert_max_num_queries(40):
        page(campaign, client, to="fullest")
