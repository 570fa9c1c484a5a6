"""A person is written to, answers, and is erased: nothing of them is left, and every sum is as it was."""

import io
import json
import uuid
import zipfile

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection
from django.urls import reverse

from apps.accounts.models import AuditEvent
from apps.audiences import services as audiences
from apps.audiences.erasing import CannotErase, erase_person, export_person
from apps.audiences.models import Contact, ErasedAddress, Suppression
from apps.campaigns.models import TouchpointState
from apps.channels.models import ChannelKind
from apps.delivery import audience
from apps.delivery.invariants import INVARIANTS
from apps.delivery.models import Attempt, Batch, BatchState, Delivery, DeliveryState, Expansion
from apps.publishing.models import Feed
from apps.tracking.models import Acknowledgement, Event, Ticket, TicketSource
from apps.tracking.services import requester_hash
from tests.factories import NOW, make_batch, make_channel, make_contact, make_delivery, make_planner, make_touchpoint, make_user

pytestmark = pytest.mark.django_db

NAME, EMAIL, PHONE, FIRM = "Zoé Unforgettable", "zoe.unforgettable@example.org", "+33123456789", "Zoé & Daughters"


@pytest.fixture
def ana():
    return make_planner()


@pytest.fixture
def zoe():
    return make_contact(name=NAME, email=EMAIL, phone=PHONE, organisation=FIRM, attributes={"plan": "Zoé's own"})


@pytest.fixture
def story(zoe):
    """What is known of a customer after a while: a delivery that was sent, with all that came back."""
    touchpoint = make_touchpoint(state=TouchpointState.SENT, channel=make_channel(ChannelKind.EMAIL), settled_at=NOW)
    batch = make_batch(touchpoint, state=BatchState.DONE, marked_at=NOW, done_at=NOW)
    sent = {"touchpoint": touchpoint, "batch": batch, "state": DeliveryState.SENT, "settled_at": NOW}
    delivery = make_delivery(contact=zoe, provider_id="abc", **sent)
    make_delivery(**sent)
    Expansion.objects.create(touchpoint=touchpoint, revision=1, recipients=2, written_at=NOW)
    Attempt.objects.create(
        delivery=delivery, number=1, at=NOW, outcome="pending", phase="rcpt", text=f"451 <{EMAIL}> busy", gist=EMAIL
    )
    Event.objects.create(
        delivery=delivery,
        type="opened",
        at=NOW,
        verdict="human",
        key="k",
        source="pixel",
        user_agent=f"{NAME}'s",
        detail={"to": EMAIL},
    )
    campaign = touchpoint.campaign
    Acknowledgement.objects.create(
        campaign=campaign,
        delivery=delivery,
        address=EMAIL,
        answer="accepted",
        sequence=1,
        comment=f"{NAME} comes",
        answered_at=NOW,
        received_at=NOW,
    )
    source = TicketSource.objects.create(name="Desk", slug="desk")
    Ticket.objects.create(
        source=source,
        external_id="1",
        opened_at=NOW,
        subject=f"{NAME} asks",
        organisation=FIRM,
        requester_hash=requester_hash(EMAIL),
        campaign=campaign,
        delivery=delivery,
    )
    Suppression.objects.create(kind="email", address=EMAIL, reason="complaint", note=EMAIL)
    Feed.objects.create(name=f"Feed of {EMAIL}", token_hash="x")
    return delivery


def everything_stored():
    """All that stands in the database, as one text."""
    found = []
    with connection.cursor() as cursor:
        for model in apps.get_models():
            if model._meta.app_label == "sessions" or model._meta.proxy:
                continue
            cursor.execute(f'SELECT * FROM "{model._meta.db_table}"')
            found += [f"{model._meta.label}: {row}" for row in cursor.fetchall()]
    return found


def offenders():
    return {invariant.name: list(invariant.offenders(NOW)) for invariant in INVARIANTS}


def traces(*words):
    return [row for row in everything_stored() if any(word in row for word in words)]


def test_nothing_of_the_person_is_left(story, zoe, ana):
    assert len(traces(NAME, EMAIL, PHONE, FIRM)) >= 7, "there is something to erase"
    erase_person(zoe, actor=ana, now=NOW)
    assert traces(NAME, EMAIL, PHONE, FIRM, "Zoé", "zoe", requester_hash(EMAIL)) == []


def test_the_ledger_is_clean_and_its_sums_are_the_same(story, zoe, ana):
    before = offenders()
    assert not any(before.values())
    erase_person(zoe, actor=ana, now=NOW)
    assert offenders() == before
    call_command("verify", stdout=io.StringIO())
    assert Delivery.objects.filter(state=DeliveryState.SENT).count() == 2
    assert Event.objects.filter(type="opened", verdict="human").count() == 1
    assert Ticket.objects.filter(campaign=story.touchpoint.campaign).count() == 1
    assert Acknowledgement.objects.filter(answer="accepted").count() == 1


def test_the_export_holds_what_each_room_knows(story, zoe, ana):
    with zipfile.ZipFile(io.BytesIO(export_person(zoe, actor=ana, now=NOW))) as archive:
        found = {name: json.loads(archive.read(name)) for name in archive.namelist()}
    assert found["contact.json"][0]["email"] == EMAIL
    assert found["deliveries.json"][0]["attempts"][0]["said"] == f"451 <{EMAIL}> busy"
    assert found["events.json"][0]["type"] == "opened"
    assert found["acknowledgements.json"][0]["comment"] == f"{NAME} comes"
    assert found["tickets.json"][0]["subject"] == f"{NAME} asks"
    assert found["suppressions.json"][0]["reason"] == "complaint"
    assert found["calendar-feeds.json"][0]["name"] == f"Feed of {EMAIL}"
    assert "history.json" in found
    assert AuditEvent.objects.filter(verb="contact.handed_out", actor=ana).exists()


def test_who_was_erased_is_told_nothing_more(story, zoe, ana):
    erase_person(zoe, actor=ana, now=NOW)
    zoe.refresh_from_db()
    assert str(zoe) == "Erased contact"
    assert not Contact.objects.active().filter(pk=zoe.pk).exists()
    assert audiences.restore_contacts([zoe], actor=ana, now=NOW) == 0
    touchpoint = make_touchpoint()
    assert zoe not in audience.recipients(touchpoint)


def test_no_import_brings_them_back_but_a_person_may(story, zoe, ana):
    erase_person(zoe, actor=ana, now=NOW)
    assert ErasedAddress.objects.count() == 2
    report = audiences.import_contacts(
        io.BytesIO(f"email,name\n{EMAIL},Zoé\nben@example.org,Ben\n".encode()), now=NOW, skip_errors=True
    )
    assert (report.new, report.at_fault) == (1, 1)
    assert "erased on request" in report.errors[0].sentence
    audiences.save_contact(Contact(email=EMAIL), changed=["email"], actor=ana, now=NOW)
    assert audiences.import_contacts(io.BytesIO(f"email,name\n{EMAIL},Zoé\n".encode()), now=NOW).changed == 1


def test_a_key_that_was_changed_still_recognises_them(story, zoe, ana, settings):
    erase_person(zoe, actor=ana, now=NOW)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another"
    assert audiences.import_contacts(io.BytesIO(f"email\n{EMAIL}\n".encode()), now=NOW).at_fault == 1


def test_a_phone_that_others_have_too_is_not_taken_from_them(zoe, ana):
    make_contact(email="ben@example.org", phone=PHONE)
    Suppression.objects.create(kind="phone", address=PHONE, reason="unsubscribed")
    erase_person(zoe, actor=ana, now=NOW)
    assert Suppression.objects.filter(address=PHONE).exists()
    assert audiences.import_contacts(io.BytesIO(f"phone,name\n{PHONE},Ben\n".encode()), now=NOW).at_fault == 0


def test_what_waits_is_taken_out_of_its_batch(zoe, ana):
    touchpoint = make_touchpoint(state=TouchpointState.DUE)
    waiting = make_delivery(touchpoint=touchpoint, contact=zoe)
    erase_person(zoe, actor=ana, now=NOW)
    waiting.refresh_from_db()
    assert (waiting.state, waiting.reason, waiting.address) == (DeliveryState.SUPPRESSED, "no_address", "")


@pytest.mark.parametrize(
    ("batch_state", "state", "sentence"),
    [
        (BatchState.SENDING, DeliveryState.PENDING, "is leaving at this moment"),
        (BatchState.LEASED, DeliveryState.PENDING, "is leaving at this moment"),
        (BatchState.DONE, DeliveryState.IN_DOUBT, "it is not known yet whether it arrived"),
    ],
)
def test_while_a_message_is_on_its_way_nothing_is_erased(zoe, ana, batch_state, state, sentence):
    touchpoint = make_touchpoint(state=TouchpointState.SENDING)
    batch = make_batch(touchpoint)
    Batch.objects.filter(pk=batch.pk).update(state=batch_state, token=uuid.uuid4(), lease_until=NOW, marked_at=NOW)
    reason = {"reason": "no_answer"} if state == DeliveryState.IN_DOUBT else {}
    make_delivery(touchpoint=touchpoint, contact=zoe, batch=batch, state=state, **reason)
    with pytest.raises(CannotErase, match=sentence):
        erase_person(zoe, actor=ana, now=NOW)
    zoe.refresh_from_db()
    assert zoe.name == NAME


def personal_page(contact):
    return reverse("admin:audiences_contact_personal", args=(contact.pk,))


def test_the_page_says_what_goes_and_what_stays_and_erases_on_confirmation(client, story, zoe, ana):
    client.force_login(ana)
    page = client.get(personal_page(zoe)).content.decode()
    assert "the sums of each campaign" in page
    assert 'name="confirmed"' in page
    client.post(personal_page(zoe))
    zoe.refresh_from_db()
    assert zoe.erased_at is None
    answer = client.post(personal_page(zoe), {"confirmed": "1"}, follow=True)
    assert "All that was known of this person was erased." in answer.content.decode()
    zoe.refresh_from_db()
    assert zoe.erased_at is not None
    assert client.get(personal_page(zoe)).status_code == 200
    assert client.get(reverse("admin:audiences_contact_change", args=(zoe.pk,))).status_code == 200


def test_the_export_is_a_post(client, story, zoe, ana):
    client.force_login(ana)
    url = reverse("admin:audiences_contact_export", args=(zoe.pk,))
    assert client.get(url).status_code == 302
    assert not AuditEvent.objects.exists()
    answer = client.post(url)
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/zip")


def test_erasing_needs_a_permission_of_its_own(client, zoe):
    looker = make_user(is_staff=True)
    client.force_login(looker)
    assert client.get(personal_page(zoe)).status_code == 403
    from django.contrib.auth.models import Permission

    looker.user_permissions.add(*Permission.objects.filter(codename__in=("view_contact", "change_contact")))
    page = client.get(personal_page(zoe)).content.decode()
    assert "Erase for good" not in page
    assert client.post(personal_page(zoe), {"confirmed": "1"}).status_code == 403
