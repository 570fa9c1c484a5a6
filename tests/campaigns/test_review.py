from datetime import timedelta

import pytest
from django.utils import timezone

from apps.accounts.models import AuditEvent
from apps.audiences.models import AddressKind, Suppression
from apps.campaigns import services
from apps.campaigns.checks import Finding, Level
from apps.campaigns.models import Campaign, Step
from apps.campaigns.review import review_of
from apps.channels.models import ChannelKind
from apps.delivery.expand import expand_touchpoint
from apps.delivery.models import Delivery, DeliveryState
from apps.windows.models import MaintenanceWindow, WindowStatus
from tests.accounts.people import client_of, make_member
from tests.factories import make_channel, make_contact, make_segment, make_step, make_template

from .admin_pages import LIST, deed_of, drafted, signed_in

pytestmark = pytest.mark.django_db


def status():
    return MaintenanceWindow.objects.get().status


def shown(client, campaign):
    """What the page itself would post, as it stands when it is opened."""
    page = client.get(deed_of(campaign, "release"))
    review = page.context["review"]
    keys = [finding.key for finding in review.warnings]
    return {"seen": page.context["seen"], "shown": review.mark, "messages": review.messages, "known": keys, "ticked": keys}


def schedule(client, campaign, **changes):
    return client.post(deed_of(campaign, "release"), shown(client, campaign) | changes, follow=True).content.decode()


def find(monkeypatch, *found):
    """As if the checks found exactly this."""
    monkeypatch.setattr("apps.campaigns.checks.looking.look", lambda *_, **__: list(found))


def finding(code="tone", level=Level.WARN, sentence="It sounds harsh."):
    return Finding(code=code, level=level, sentence=sentence, href="/admin/", where="texts")


def test_button_says_how_many_messages_it_schedules():
    client = signed_in()
    text = client.get(deed_of(drafted(client), "release")).content.decode()
    assert "Schedule 4 messages" in text
    assert "as soon as it is scheduled" in text
    assert "−7 d" in text


def test_scheduling_plans_the_touchpoints_and_says_how_many_messages_leave():
    client = signed_in()
    campaign = drafted(client)
    assert "It is scheduled: 4 messages leave by themselves from here on." in schedule(client, campaign)
    assert set(campaign.touchpoints.values_list("step_key", flat=True)) == {"announce", "t-7d"}


def test_people_in_several_segments_are_counted_once_as_they_are_sent_once():
    client = signed_in()
    campaign = drafted(client)
    first = Step.objects.get(key="announce")
    make_step(campaign.playbook, channel=first.channel, segment=make_segment({"field": "language", "op": "is", "value": "fr"}))
    make_contact(email="nobody@example.org", language="fr")
    Suppression.objects.create(kind=AddressKind.EMAIL, address="nobody@example.org", reason="unsubscribed")
    make_contact(email="", phone="+33612345678")
    review = review_of(campaign, now=timezone.now())
    assert (review.messages, review.board.twice) == (4, 1)
    services.release(campaign, actor=None, now=timezone.now())
    for touchpoint in campaign.touchpoints.all():
        expand_touchpoint(touchpoint.pk, now=touchpoint.expand_at)
    assert Delivery.objects.filter(state=DeliveryState.PENDING).count() == review.messages


def test_warning_that_is_not_ticked_keeps_it_a_draft(monkeypatch):
    client = signed_in()
    campaign = drafted(client)
    find(monkeypatch, finding())
    assert "1 warning has not been ticked." in schedule(client, campaign, ticked=[])
    assert status() == WindowStatus.DRAFT


def test_what_was_ticked_stands_in_the_audit_trail(monkeypatch):
    client = signed_in()
    campaign = drafted(client)
    find(monkeypatch, finding(), finding(code="hint", level=Level.HINT, sentence="A hint."))
    schedule(client, campaign)
    event = AuditEvent.objects.get(verb="campaign.released")
    assert event.detail == {"messages": 4, "ticked": ["It sounds harsh."], "codes": ["tone"]}


def test_warning_that_came_after_the_page_was_opened_has_to_be_ticked_anew(monkeypatch):
    client = signed_in()
    campaign = drafted(client)
    find(monkeypatch, finding())
    values = shown(client, campaign)
    find(monkeypatch, finding(), finding(code="overlap", sentence="It overlaps."))
    text = client.post(deed_of(campaign, "release"), values).content.decode()
    assert "It was not there when you opened the page." in text
    assert status() == WindowStatus.DRAFT


def test_what_may_not_be_scheduled_has_no_button_and_is_refused_when_forged(monkeypatch):
    client = signed_in()
    campaign = drafted(client)
    find(monkeypatch, finding(level=Level.STOP, sentence="An unknown variable."))
    assert "Schedule 4 messages" not in client.get(deed_of(campaign, "release")).content.decode()
    assert "has to be mended first" in schedule(client, campaign)
    assert status() == WindowStatus.DRAFT


def test_numbers_that_changed_since_the_page_was_shown_are_said_rather_than_scheduled():
    client = signed_in()
    campaign = drafted(client)
    values = shown(client, campaign)
    make_contact(email="cem@example.org")
    text = client.post(deed_of(campaign, "release"), values).content.decode()
    assert "4 messages then, 6 now" in text
    assert status() == WindowStatus.DRAFT


def test_draft_edited_meanwhile_names_who_edited_it():
    client = signed_in()
    campaign = drafted(client)
    values = shown(client, campaign)
    MaintenanceWindow.objects.update(content_changed_at=timezone.now() + timedelta(seconds=1))
    assert "ana changed it since you opened this page" in client.post(deed_of(campaign, "release"), values).content.decode()
    assert status() == WindowStatus.DRAFT


def test_post_without_anything_shown_schedules_nothing():
    client = signed_in()
    campaign = drafted(client)
    client.post(deed_of(campaign, "release"), {"messages": "²"})
    assert status() == WindowStatus.DRAFT


def test_page_takes_the_same_number_of_queries_however_many_people_there_are(django_assert_max_num_queries):
    client = signed_in()
    campaign = drafted(client)
    for number in range(30):
        make_contact(email=f"n{number}@example.org")
    with django_assert_max_num_queries(60):
        client.get(deed_of(campaign, "release"))


def test_those_left_out_are_listed_with_the_reason():
    client = signed_in()
    campaign = drafted(client)
    make_contact(name="Eve", email="", phone="+33612345678")
    make_contact(name="Max", email="max@example.org")
    Suppression.objects.create(kind=AddressKind.EMAIL, address="max@example.org", reason="hard_bounce")
    step = Step.objects.get(key="announce")
    address = f"{LIST}{campaign.window_id}/left-out/{step.segment_id}/{step.channel_id}/"
    assert address in client.get(deed_of(campaign, "release")).content.decode()
    text = client.get(address).content.decode()
    assert "2 people are left out" in text
    assert "No address for this channel" in text
    assert "does not exist or refuses mail for good" in text


def test_parts_and_cost_of_text_messages_are_counted_in_their_longest_language():
    client = signed_in()
    campaign = drafted(client)
    make_contact(email="", phone="+33612345678", language="fr")
    make_contact(email="", phone="+33612345679", language="en")
    channel = make_channel(ChannelKind.SMS, part_price="0.065", part_currency="EUR")
    make_step(campaign.playbook, key="sms", channel=channel, content_key="text")
    make_template(content_key="text", channel_kind=ChannelKind.SMS, body="Short.")
    make_template(content_key="text", channel_kind=ChannelKind.SMS, body="Long. " * 40, language="fr")
    text = client.get(deed_of(campaign, "release")).content.decode()
    assert "At most 4 parts as SMS" in text
    assert "About €0.26: 4 parts at €0.065 each." in text


def test_viewers_neither_see_the_button_nor_schedule():
    planner, viewer = signed_in(), client_of(make_member("viewer"))
    campaign = drafted(planner)
    values = shown(planner, campaign)
    assert viewer.get(deed_of(campaign, "release")).status_code == 403
    assert viewer.post(deed_of(campaign, "release"), values).status_code == 403
    assert status() == WindowStatus.DRAFT


def test_scheduled_window_is_not_scheduled_again():
    client = signed_in()
    campaign = drafted(client)
    values = shown(client, campaign)
    schedule(client, campaign)
    assert "no longer a draft" in client.post(deed_of(campaign, "release"), values, follow=True).content.decode()
    assert Campaign.objects.get().touchpoints.count() == 2
