import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.audiences.models import ColumnMeaning, Contact, Segment
from tests.factories import NOW, make_contact, make_planner, make_segment, make_user

pytestmark = pytest.mark.django_db

FRENCH = {"rule-who": "some", "rule-0-0-field": "language", "rule-0-0-ask": "is", "rule-0-0-value": "fr"}
PREVIEW = "admin:audiences_segment_preview"
VALUES = "admin:audiences_segment_values"


@pytest.fixture
def ana(client):
    ana = make_planner(username="ana")
    client.force_login(ana)
    return ana


def text(response):
    return response.content.decode()


def save(client, segment=None, **fields):
    url = reverse("admin:audiences_segment_change", args=(segment.pk,)) if segment else reverse("admin:audiences_segment_add")
    return client.post(url, {"name": "French", "slug": "french", **fields}, follow=True)


def preview(client, **fields):
    return client.post(reverse(PREVIEW), fields)


def test_conditions_become_a_rule(client, ana):
    save(client, **FRENCH, **{"rule-0-join": "any", "rule-0-1-field": "is_internal", "rule-0-1-ask": "colleague"})
    assert Segment.objects.get().rule == {
        "any": [{"field": "language", "op": "is", "value": "fr"}, {"field": "is_internal", "op": "is", "value": True}]
    }


def test_everybody_is_said_on_purpose(client, ana):
    save(client, **{"rule-who": "everybody"})
    assert Segment.objects.get().rule == {"all": []}


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"rule-who": "some"}, "Add a condition, or choose everybody."),
        (FRENCH | {"rule-0-0-value": " "}, "Condition 1: the value is missing."),
        (FRENCH | {"rule-0-0-ask": "in", "rule-0-0-value": "; ;"}, "Condition 1: the value is missing."),
        (FRENCH | {"rule-0-0-field": "attribute"}, "Condition 1: name the attribute."),
        (FRENCH | {"rule-0-0-field": "password"}, "is not a field"),
        (FRENCH | {"rule-advanced": "1", "rule": "{"}, "this is not JSON"),
    ],
)
def test_what_is_not_finished_is_not_saved(client, ana, fields, sentence):
    assert sentence in text(save(client, **fields))
    assert not Segment.objects.exists()


def test_without_a_script_lines_are_added_and_removed_and_nothing_is_saved(client, ana):
    page = text(save(client, **FRENCH, **{"rule-add": "0"}))
    assert "rule-0-1-field" in page
    assert 'value="fr"' in page
    assert "Please correct the error" not in page
    page = text(save(client, **FRENCH, **{"rule-remove": "0-0"}))
    assert 'name="rule-0-0-field"' not in page.split("<template")[0]
    assert 'value="some" checked' in page, "without a condition it is not everybody"
    assert not Segment.objects.exists()


def test_without_a_script_who_belongs_to_it_is_shown_before_it_is_saved(client, ana):
    make_contact(name="Zoé", language="fr")
    page = text(save(client, **FRENCH, **{"rule-show": "1"}))
    assert "1 contact belongs to it now." in page
    assert not Segment.objects.exists()


def test_a_rule_that_the_form_cannot_show_stands_as_json_and_stays(client, ana):
    rule = {"not": {"all": [{"field": "language", "op": "is", "value": "fr"}, {"field": "email", "op": "exists", "value": True}]}}
    segment = make_segment(rule)
    page = text(client.get(reverse("admin:audiences_segment_change", args=(segment.pk,))))
    assert "says more than the conditions here can show" in page
    assert 'name="rule-advanced" value="1" checked' in page


def test_the_preview_counts_and_lists_while_it_is_written(client, ana):
    make_contact(name="Zoé", language="fr")
    make_contact(name="Ben")
    page = text(preview(client, **FRENCH))
    assert "1 contact belongs to it now." in page
    assert "Zoé" in page
    assert "Ben" not in page
    assert "language is “fr”" in page
    assert "Condition 1: the value is missing." in text(preview(client, **FRENCH | {"rule-0-0-value": ""}))
    assert client.get(reverse(PREVIEW)).status_code == 405


def test_a_condition_that_is_not_finished_is_named_and_left_out_of_the_preview(client, ana):
    make_contact(name="Zoé", language="fr")
    make_contact(name="Ben")
    page = text(preview(client, **FRENCH, **{"rule-0-1-field": "organisation", "rule-0-1-ask": "is", "rule-0-1-value": ""}))
    assert "Condition 2: the value is missing." in page
    assert "1 contact belongs to it now." in page


def test_count_and_preview_of_a_draft_and_the_sending_use_one_query(client, ana):
    segment = make_segment({"all": [{"field": "language", "op": "is", "value": "fr"}]})
    where = str(segment.contacts().order_by().values("pk").query).split("WHERE")[1].replace("'", "")
    with CaptureQueriesContext(connection) as captured:
        preview(client, **FRENCH)
    asked = [query["sql"].split("WHERE")[1] for query in captured if 'FROM "audiences_contact" WHERE' in query["sql"]]
    assert len(asked) == 2
    assert all(condition.split(" ORDER BY")[0].replace("'", "") == where for condition in asked)


def test_values_are_offered_from_contacts_in_use(client, ana):
    make_contact(organisation="Acme", attributes={"plan": "gold"})
    make_contact(organisation="Acme Two")
    make_contact(organisation="Other")
    make_contact(organisation="Acme Gone", archived_at=NOW)

    def offered(**query):
        return client.get(reverse(VALUES, query=query)).json()["values"]

    assert offered(field="organisation", q="acm") == ["Acme", "Acme Two"]
    assert offered(field="attributes.plan") == ["gold"]
    assert offered(field="email_domain") == ["example.org"]
    assert offered(field="password") == []
    assert offered(field="attributes.'; --") == []


def test_attributes_that_contacts_have_or_an_import_named_can_be_chosen(client, ana):
    make_contact(attributes={"plan": "gold"})
    ColumnMeaning.objects.create(name="region", meaning="attributes.region", decided_at=NOW)
    page = text(client.get(reverse("admin:audiences_segment_add")))
    assert 'value="attributes.plan"' in page
    assert 'value="attributes.region"' in page


def test_names_and_values_of_contacts_are_for_those_who_write_segments(client):
    client.force_login(make_user(is_staff=True))
    assert preview(client, **FRENCH).status_code == 403
    assert client.get(reverse(VALUES)).status_code == 403


def test_names_in_a_rule_are_shown_as_text(client, ana):
    make_contact(name="<script>alert(1)</script>", language="fr")
    assert "<script>alert" not in text(preview(client, **FRENCH))


def test_the_page_takes_a_fixed_number_of_queries(client, ana, django_assert_max_num_queries):
    Contact.objects.bulk_create(Contact(email=f"p{number}@example.org", attributes={"plan": "gold"}) for number in range(60))
    segment = make_segment()
    with django_assert_max_num_queries(18):
        client.get(reverse("admin:audiences_segment_change", args=(segment.pk,)))
    with django_assert_max_num_queries(5):
        preview(client, **FRENCH)
