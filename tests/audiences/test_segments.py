import pytest
from django.core.exceptions import ValidationError

from apps.audiences.models import Segment, live_counts
from apps.audiences.rules import RuleError
from tests.factories import NOW, make_contact, make_segment

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast():
    """Ana is a colleague; Ben and Cem are customers, and of Cem little is known."""
    return {
        "ana": make_contact(
            name="ana", email="Ana@Preavis.test", language="en", is_internal=True, attributes={"seats": 3, "beta": True}
        ),
        "ben": make_contact(
            name="ben",
            email="ben@shop.example.org",
            language="fr",
            organisation="50%_Shop",
            time_zone="Europe/Paris",
            attributes={"plan": "gold", "contains": "x", "beta": False, "größe": "L"},
        ),
        "cem": make_contact(name="cem", email="", phone="+33123456789", organisation="Shoptown", attributes={"plan": "silver"}),
    }


def leaf(field, op, value):
    return {"field": field, "op": op, "value": value}


@pytest.mark.parametrize(
    ("rule", "names"),
    [
        pytest.param({"all": []}, "ana ben cem", id="everybody"),
        pytest.param({"not": {"all": []}}, "", id="not-everybody-is-nobody"),
        pytest.param({"any": [{"all": []}, leaf("language", "is", "fr")]}, "ana ben cem", id="everybody-or-more"),
        pytest.param(leaf("language", "is", "fr"), "ben", id="is"),
        pytest.param(leaf("language", "is_not", "fr"), "ana cem", id="is-not"),
        pytest.param(leaf("language", "in", ["fr", "de"]), "ben", id="in"),
        pytest.param(leaf("is_internal", "is", True), "ana", id="colleague"),
        pytest.param(leaf("is_internal", "is_not", True), "ben cem", id="no-colleague"),
        pytest.param(leaf("is_internal", "is", False), "ben cem", id="customer"),
        pytest.param(leaf("email", "is", "ANA@preavis.TEST"), "ana", id="email-in-any-case"),
        pytest.param(leaf("email", "starts_with", "Ben@"), "ben", id="email-starts"),
        pytest.param(leaf("email", "exists", False), "cem", id="no-email"),
        pytest.param(leaf("email_domain", "is", "Shop.example.org"), "ben", id="domain"),
        pytest.param(leaf("email_domain", "is", "example.org"), "", id="domain-is-whole"),
        pytest.param(leaf("email_domain", "in", ["preavis.test", "SHOP.example.org"]), "ana ben", id="domain-in"),
        pytest.param(leaf("email_domain", "exists", True), "ana ben", id="domain-exists"),
        pytest.param(leaf("organisation", "contains", "shop"), "ben cem", id="contains-in-any-case"),
        pytest.param(leaf("organisation", "contains", "%_"), "ben", id="signs-are-literal"),
        pytest.param(leaf("organisation", "starts_with", "shop"), "cem", id="starts-with"),
        pytest.param(leaf("time_zone", "exists", True), "ben", id="exists"),
        pytest.param(leaf("attributes.plan", "is", "gold"), "ben", id="attribute"),
        pytest.param(leaf("attributes.plan", "is_not", "gold"), "ana cem", id="attribute-is-not-or-is-missing"),
        pytest.param({"not": leaf("attributes.plan", "is", "gold")}, "ana cem", id="not-attribute"),
        pytest.param({"not": leaf("attributes.plan", "contains", "GO")}, "ana cem", id="not-attribute-contains"),
        pytest.param(leaf("attributes.plan", "in", ["gold", "silver"]), "ben cem", id="attribute-in"),
        pytest.param(leaf("attributes.plan", "exists", False), "ana", id="attribute-missing"),
        pytest.param(leaf("attributes.seats", "is", 3), "ana", id="attribute-number"),
        pytest.param(leaf("attributes.seats", "is", "3"), "ana", id="attribute-number-as-text"),
        pytest.param(leaf("attributes.beta", "is", True), "ana", id="attribute-true"),
        pytest.param(leaf("attributes.beta", "is", False), "ben", id="attribute-false"),
        pytest.param(leaf("attributes.contains", "is", "x"), "ben", id="attribute-named-like-a-lookup"),
        pytest.param(leaf("attributes.größe", "is", "L"), "ben", id="attribute-with-umlaut"),
        pytest.param(leaf("organisation", "is", "x' OR 1=1 --"), "", id="quotes-are-text"),
        pytest.param(
            {
                "all": [
                    {"any": [leaf("language", "is", "fr"), leaf("is_internal", "is", True)]},
                    leaf("email", "contains", "@shop"),
                ]
            },
            "ben",
            id="nested",
        ),
    ],
)
def test_a_rule_finds_its_people(cast, rule, names):
    segment = make_segment(rule)
    assert " ".join(sorted(contact.name for contact in segment.contacts())) == names
    assert live_counts([segment]) == {segment.pk: len(names.split())}


def test_archived_contacts_are_in_no_segment(cast):
    make_contact(archived_at=NOW)
    assert make_segment({"all": []}).contacts().count() == 3


def test_counts_of_many_segments_take_one_query(cast, django_assert_num_queries):
    segments = [make_segment({"all": []}), make_segment(leaf("language", "is", "fr"))]
    broken = Segment.objects.create(name="Broken", slug="broken", rule={"all": 3})
    with django_assert_num_queries(1):
        counts = live_counts([*segments, broken])
    assert list(counts.values()) == [3, 1, None]


@pytest.mark.parametrize("rule", [{}, {"any": []}, {"field": "language"}])
def test_a_broken_rule_reaches_nobody_and_is_loud(rule):
    segment = Segment.objects.create(name="Broken", slug="broken", rule=rule)
    with pytest.raises(RuleError):
        segment.contacts()


def test_a_segment_must_say_everybody():
    segment = Segment(name="New", slug="new")
    with pytest.raises(ValidationError, match="To reach everybody, write"):
        segment.full_clean()


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"all": []}, "everybody"),
        (leaf("language", "is", "fr"), "language is “fr”"),
        (leaf("is_internal", "is", True), "is a colleague"),
        (leaf("attributes.plan", "in", ["gold", "silver"]), "“plan” is one of “gold”, “silver”"),
        (leaf("email", "exists", False), "e-mail is not known"),
        (
            {
                "all": [
                    {"any": [leaf("language", "is", "fr"), leaf("is_internal", "is", False)]},
                    {"not": leaf("email", "contains", "x")},
                ]
            },
            "(language is “fr” or is a customer) and not (e-mail contains “x”)",
        ),
    ],
)
def test_a_rule_in_words(rule, words):
    assert Segment(rule=rule).rule_in_words == words
