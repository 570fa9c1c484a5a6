import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.accounts.models import AuditEvent
from apps.audiences.models import Contact, Segment, Suppression
from tests.factories import NOW, make_contact, make_planner, make_segment

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana(client):
    ana = make_planner(username="ana")
    client.force_login(ana)
    return ana


def text(response):
    return response.content.decode()


def contact_list(**query):
    return reverse("admin:audiences_contact_changelist", query=query)


def test_contacts_are_found_by_organisation(client, ana):
    make_contact(name="Zoé", organisation="Acme")
    make_contact(name="Ben", organisation="Shop")
    page = text(client.get(contact_list(q="acme")))
    assert "Zoé" in page
    assert "Ben" not in page


@pytest.mark.parametrize(("query", "shown"), [({}, "Zoé"), ({"archived": "yes"}, "Ben"), ({"archived": "all"}, "Zoé Ben")])
def test_archived_contacts_are_out_of_sight_until_asked_for(client, ana, query, shown):
    make_contact(name="Zoé")
    make_contact(name="Ben", archived_at=NOW)
    page = text(client.get(contact_list(**query)))
    assert [name for name in ("Zoé", "Ben") if f">{name}<" in page] == shown.split()


def test_contacts_are_archived_and_brought_back_never_deleted(client, ana):
    zoe = make_contact()
    page = text(client.get(contact_list()))
    assert "delete_selected" not in page
    client.post(contact_list(), {"action": "archive", "_selected_action": [zoe.pk]})
    assert not Contact.objects.active().exists()
    client.post(contact_list(archived="yes"), {"action": "restore", "_selected_action": [zoe.pk]})
    assert Contact.objects.active().exists()
    assert {event.actor for event in AuditEvent.objects.all()} == {ana}
    assert client.get(reverse("admin:audiences_contact_delete", args=(zoe.pk,))).status_code == 403


def test_the_contact_list_takes_the_same_number_of_queries_however_long(client, ana, django_assert_num_queries):
    make_contact()
    client.get(contact_list())
    with CaptureQueriesContext(connection) as few:
        client.get(contact_list())
    for _ in range(20):
        make_contact()
    with django_assert_num_queries(len(few)):
        client.get(contact_list())


def contact_form(**fields):
    return {
        "name": "",
        "email": "",
        "phone": "",
        "organisation": "",
        "language": "en",
        "time_zone": "",
        "attributes": "{}",
    } | fields


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({}, "A contact needs an e-mail or a phone."),
        ({"email": "TAKEN@example.org"}, "Another contact has this e-mail already; it may be archived."),
        ({"phone": "01 23"}, "lacks its country"),
        ({"email": "a@b.org", "time_zone": "Europe/Pariss"}, "Select a valid choice"),
        ({"email": "a@b.org", "attributes": '{"plan": }'}, "Line 1, column 10: this is not JSON (Expecting value)."),
        ({"email": "a@b.org", "attributes": '{"plan": NaN}'}, "something that cannot be stored"),
        ({"email": "a@b.org", "attributes": '{"plan": 1e999}'}, "something that cannot be stored"),
        ({"email": "a@b.org", "attributes": '{"plan": "\\ud800"}'}, "something that cannot be stored"),
        ({"email": "a@b.org", "attributes": '{"plan": "\\u0000"}'}, "must be a text, a number, true or false"),
        ({"email": "a@b.org", "attributes": "[" * 100_000}, "something that cannot be stored"),
        ({"email": "a@b.org", "attributes": '{"plan": {"a": 1}}'}, "must be a text, a number, true or false"),
    ],
)
def test_a_bad_contact_is_refused_with_a_sentence(client, ana, fields, sentence):
    make_contact(email="taken@example.org")
    page = text(client.post(reverse("admin:audiences_contact_add"), contact_form(**fields)))
    assert sentence in page
    assert Contact.objects.count() == 1


def test_a_contact_is_stored_in_order(client, ana):
    fields = {"email": "Zoe@Example.ORG", "phone": "0033 1 23 45 67 89", "attributes": '{"plan": "gold"}'}
    client.post(reverse("admin:audiences_contact_add"), contact_form(**fields))
    zoe = Contact.objects.get()
    assert (zoe.email, zoe.phone, zoe.attributes) == ("zoe@example.org", "+33123456789", {"plan": "gold"})


def test_a_contact_shows_which_addresses_are_not_used(client, ana):
    zoe = make_contact(email="zoe@example.org")
    Suppression.objects.create(kind="email", address="zoe@example.org", reason="complaint")
    page = text(client.get(reverse("admin:audiences_contact_change", args=(zoe.pk,))))
    assert "zoe@example.org: The recipient reported a message as unwanted (every segment)" in page


def test_who_changed_a_contact_or_a_segment_is_on_record(client, ana):
    zoe = make_contact(email="zoe@example.org")
    client.post(reverse("admin:audiences_contact_change", args=(zoe.pk,)), contact_form(email="zoe@example.org", name="Zoé"))
    client.post(reverse("admin:audiences_segment_add"), {"name": "All", "slug": "all", "rule": '{"all": []}'})
    segment, contact = AuditEvent.objects.all()
    hidden = {"fields": ["name"], "changes": {"name": []}}
    assert (contact.verb, contact.detail, contact.actor) == ("contact.changed", hidden, ana)
    assert (segment.verb, segment.detail["rule"], segment.actor) == ("segment.entered", {"all": []}, ana)


def segment_page(segment):
    return reverse("admin:audiences_segment_change", args=(segment.pk,))


def test_a_segment_shows_its_rule_in_words_its_count_and_its_first_contacts(client, ana):
    make_contact(name="Zoé", language="fr", organisation="Acme")
    make_contact(name="Ben")
    page = text(client.get(segment_page(make_segment({"field": "language", "op": "is", "value": "fr"}))))
    assert "language is “fr”" in page
    assert "1 contact belongs to it now." in page
    assert ">Zoé</a>, Acme" in page
    assert "Ben" not in page


def test_count_preview_and_send_use_one_query(client, ana):
    segment = make_segment({"field": "language", "op": "is", "value": "fr"})
    where = str(segment.contacts().order_by().values("pk").query).split("WHERE")[1]
    with CaptureQueriesContext(connection) as captured:
        client.get(segment_page(segment))
    asked = [query["sql"].split("WHERE")[1] for query in captured if 'FROM "audiences_contact" WHERE' in query["sql"]]
    assert len(asked) == 2
    assert all(condition.split(" ORDER BY")[0].replace("'", "") == where.replace("'", "") for condition in asked)


def test_the_segment_list_counts_all_segments_in_one_query(client, ana, django_assert_num_queries):
    make_contact(language="fr")
    make_segment({"field": "language", "op": "is", "value": "fr"}, name="French")
    Segment.objects.create(name="Broken", slug="broken", rule={})
    url = reverse("admin:audiences_segment_changelist")
    page = text(client.get(url))
    assert '<td class="field-people">1</td>' in page
    assert "The rule is empty." in page
    with CaptureQueriesContext(connection) as few:
        client.get(url)
    for _ in range(10):
        make_segment()
    with django_assert_num_queries(len(few)):
        client.get(url)


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        ("", "The rule is empty. To reach everybody, write"),
        ("{}", "The rule is empty. To reach everybody, write"),
        ('{"all": [}', "Line 1, column 10: this is not JSON"),
        ('{"all": [{"field": "language", "op": "like", "value": "x"}]}', "all[0].op: “like” cannot be asked of language"),
        ("[]", "Here belongs an object"),
        ("null", "Here belongs an object"),
    ],
)
def test_a_bad_rule_is_refused_with_its_place(client, ana, rule, sentence):
    page = text(client.post(reverse("admin:audiences_segment_add"), {"name": "New", "slug": "new", "rule": rule}))
    assert sentence in page
    assert not Segment.objects.exists()


def test_a_broken_segment_can_be_opened_and_mended(client, ana):
    segment = Segment.objects.create(name="Broken", slug="broken", rule={"any": []})
    assert "An empty list would reach nobody" in text(client.get(segment_page(segment)))
    client.post(segment_page(segment), {"name": "Fine", "slug": "fine", "rule": '{"all": []}'})
    assert Segment.objects.get().rule == {"all": []}


def test_an_address_is_put_on_the_list_and_lifted_again(client, ana):
    fields = {"kind": "phone", "address": "0033 1 23 45 67 89", "reason": "manual", "segment": "", "note": "asked us"}
    client.post(reverse("admin:audiences_suppression_add"), fields)
    row = Suppression.objects.get()
    assert row.address == "+33123456789"
    url = reverse("admin:audiences_suppression_changelist")
    assert "(UTC)" in text(client.get(url))
    assert "delete_selected" not in text(client.get(url))
    client.post(url, {"action": "lift_selected", "_selected_action": [row.pk]})
    assert not Suppression.objects.exists()
    assert [event.verb for event in AuditEvent.objects.order_by("pk")] == ["address.suppressed", "address.released"]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"address": "no address"}, "Enter a valid email address."),
        ({"kind": "phone", "address": "123"}, "lacks its country"),
        ({"address": "Known@example.org"}, "This address is already on the list for this reason."),
    ],
)
def test_a_bad_suppression_is_refused(client, ana, fields, sentence):
    Suppression.objects.create(kind="email", address="known@example.org", reason="manual")
    fields = {"kind": "email", "address": "", "reason": "manual", "segment": "", "note": ""} | fields
    assert sentence in text(client.post(reverse("admin:audiences_suppression_add"), fields))
    assert Suppression.objects.count() == 1


def test_the_list_leads_to_the_import(client, ana):
    assert reverse("admin:audiences_contact_import") in text(client.get(contact_list()))


def test_a_contact_begins_without_facts(client, ana):
    page = text(client.get(reverse("admin:audiences_contact_add")))

    assert re.search(r'<textarea name="attributes"[^>]*>\s*\{\}</textarea>', page)
