import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError

from apps.accounts.models import AuditEvent
from apps.audiences import services
from apps.audiences.addresses import normal_address, normal_phone
from apps.audiences.models import Contact
from tests.factories import NOW, make_contact, make_user


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("+33 1 23 45 67 89", "+33123456789"),
        ("0033-1.23.45.67.89", "+33123456789"),
        ("+33 (0)1 23 45 67 89", "+33123456789"),
        ("+1 (202) 555-0123", "+12025550123"),
    ],
)
def test_phones_are_stored_in_one_form(written, stored):
    assert normal_phone(written) == stored


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ("01 23 45 67 89", "lacks its country"),
        ("+33 1 23", "is not a phone number that exists"),
        ("+999 123456789", "is not a phone number"),
        ("+hello", "is not a phone number"),
        ("+33123456789 ext. 5", "is not a phone number"),
        ("+" + "1" * 5000, "is not a phone number"),
    ],
)
def test_a_phone_that_cannot_be_called_is_refused(written, sentence):
    with pytest.raises(ValidationError, match=sentence):
        normal_phone(written)


def test_addresses_from_outside_are_normalised_without_error():
    assert normal_address("email", " Ana@Example.ORG ") == "ana@example.org"
    assert normal_address("phone", "0033 123456789") == "+33123456789"
    assert normal_address("phone", " 12345 ") == "12345"


@pytest.mark.django_db
def test_emails_are_stored_and_found_in_lower_case():
    make_contact(email="Ana@Example.ORG")
    assert Contact.objects.get(email="ANA@example.org").email == "ana@example.org"


@pytest.mark.django_db
def test_an_email_belongs_to_one_contact():
    make_contact(email="ana@example.org")
    with pytest.raises(IntegrityError):
        make_contact(email="ANA@example.org")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"phone": "01 23"}, "phone"),
        ({"email": "no address"}, "email"),
        ({"time_zone": "Paris"}, "time_zone"),
        ({"language": "xx"}, "language"),
        ({"attributes": ["gold"]}, "attributes"),
        ({"attributes": {"plan": ["gold"]}}, "attributes"),
        ({"attributes": {"plan": None}}, "attributes"),
        ({"attributes": {"a b": "gold"}}, "attributes"),
        ({"email": ""}, "__all__"),
    ],
)
def test_what_a_contact_cannot_be_is_refused_by_field(fields, place):
    contact = Contact(**({"email": "ana@example.org"} | fields))
    with pytest.raises(ValidationError) as error:
        contact.full_clean()
    assert list(error.value.message_dict) == [place]


@pytest.mark.django_db
def test_a_phone_is_put_in_order_by_cleaning():
    contact = Contact(phone="0033 1 23 45 67 89")
    contact.full_clean()
    assert contact.phone == "+33123456789"


@pytest.mark.django_db
def test_archiving_takes_contacts_out_and_restoring_brings_them_back():
    ana, contacts = make_user(), [make_contact(), make_contact(archived_at=NOW)]
    assert services.archive_contacts(contacts, actor=ana, now=NOW) == 1
    assert not Contact.objects.active().exists()
    assert services.restore_contacts(Contact.objects.all(), actor=ana, now=NOW) == 2
    assert Contact.objects.active().count() == 2
    assert [event.verb for event in AuditEvent.objects.order_by("pk")] == ["contact.archived", *["contact.restored"] * 2]
