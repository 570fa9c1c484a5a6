import pytest

from apps.accounts.services import record
from apps.audiences.models import Contact
from tests.factories import NOW, make_contact, make_user

pytestmark = pytest.mark.django_db


def test_a_deed_names_its_object():
    ana, contact = make_user(), make_contact()
    event = record("contact.called", subject=contact, actor=ana, now=NOW, minutes=3)
    assert (event.subject_type, event.subject_id, event.actor, event.at) == ("audiences.contact", str(contact.pk), ana, NOW)
    assert event.detail == {"minutes": 3}


def test_a_deed_on_many_rows_names_their_kind():
    event = record("contacts.imported", subject=Contact, actor=None, now=NOW)
    assert (event.subject_type, event.subject_id) == ("audiences.contact", "")
