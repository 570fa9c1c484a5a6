import pytest
from django.core import mail
from django.db import IntegrityError
from django.utils import timezone

from apps.accounts.models import AuditEvent
from apps.campaigns import services
from apps.campaigns.models import Campaign, Part, Responsibility
from apps.campaigns.people import name_people, people_of
from tests.accounts.people import client_of, make_member
from tests.factories import make_campaign

from .admin_pages import LIST, drafted, page_of

pytestmark = pytest.mark.django_db


def page(campaign):
    return f"{LIST}{campaign.window_id}/people/"


def named(client, campaign, **values):
    seen = client.get(page(campaign)).context["seen"]
    return client.post(page(campaign), {"seen": seen, **values}, follow=True).content.decode()


def test_parts_are_named_and_shown_on_the_page_of_the_window():
    ana, ben = make_member("planner", first_name="Ana"), make_member("viewer", first_name="Ben")
    client = client_of(ana)
    campaign = drafted(client)
    text = named(client, campaign, owner=ana.pk, accountable=ben.pk, responsible=[ana.pk, ben.pk], informed=[ben.pk])
    assert "It is kept who has which part." in text
    found = people_of(campaign)
    assert found["accountable"] == [ben]
    assert set(found["responsible"]) == {ana, ben}
    assert Campaign.objects.get().owner == ana
    assert "Accountable</dt><dd>Ben" in client.get(page_of(campaign)).content.decode()


def test_one_person_at_most_is_accountable():
    campaign = make_campaign()
    Responsibility.objects.create(campaign=campaign, user=make_member("viewer"), part=Part.ACCOUNTABLE)
    with pytest.raises(IntegrityError):
        Responsibility.objects.create(campaign=campaign, user=make_member("planner"), part=Part.ACCOUNTABLE)


def test_change_stands_in_the_audit_trail_with_before_and_after():
    ana, campaign = make_member("planner", username="ana"), make_campaign()
    assert name_people(campaign, owner=ana, parts={Part.INFORMED: [ana]}, actor=ana, now=timezone.now())
    assert not name_people(campaign, owner=ana, parts={Part.INFORMED: [ana]}, actor=ana, now=timezone.now())
    event = AuditEvent.objects.get(verb="campaign.people_named")
    assert event.detail["before"] == {"owner": [], "informed": []}
    assert event.detail["after"] == {"owner": ["ana"], "informed": ["ana"]}


def test_parts_that_somebody_else_has_changed_meanwhile_are_not_overwritten_unasked():
    ana = make_member("planner")
    client = client_of(ana)
    campaign = drafted(client)
    seen = client.get(page(campaign)).context["seen"]
    name_people(campaign, owner=None, parts={Part.INFORMED: [ana]}, actor=ana, now=timezone.now())
    text = client.post(page(campaign), {"seen": seen}).content.decode()
    assert "Somebody else changed it since you opened this page" in text
    assert people_of(campaign)["informed"] == [ana]


def test_viewers_name_nobody():
    campaign = make_campaign()
    assert client_of(make_member("viewer")).post(page(campaign), {}).status_code == 403


def test_those_informed_are_told_when_it_is_scheduled_and_cancelled(django_capture_on_commit_callbacks):
    dan = make_member("viewer", language="fr", time_zone="America/New_York", email="dan@acme.example")
    campaign = drafted(client_of(make_member("planner")))
    name_people(campaign, owner=None, parts={Part.INFORMED: [dan]}, actor=None, now=timezone.now())
    with django_capture_on_commit_callbacks(execute=True):
        services.release(campaign, actor=None, now=timezone.now())
        services.cancel(campaign, reason="No longer needed.", actor=None, now=timezone.now())
    assert [letter.to for letter in mail.outbox] == [["dan@acme.example"]] * 2
    assert "New York" in mail.outbox[0].body


def test_letter_that_cannot_be_sent_keeps_nothing_from_being_scheduled(django_capture_on_commit_callbacks, settings):
    settings.EMAIL_BACKEND = "nowhere.to.be.found"
    campaign = drafted(client_of(make_member("planner")))
    name_people(campaign, owner=None, parts={Part.INFORMED: [make_member("viewer")]}, actor=None, now=timezone.now())
    with django_capture_on_commit_callbacks(execute=True):
        services.release(campaign, actor=None, now=timezone.now())
    assert Campaign.objects.get().released_at
