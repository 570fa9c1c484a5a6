import pytest

from apps.accounts.models import AuditEvent
from apps.audiences import services
from apps.audiences.models import Contact, Suppression
from tests.factories import NOW, make_contact, make_segment, make_user

pytestmark = pytest.mark.django_db


def suppress(reason="unsubscribed", **fields):
    return services.suppress(**({"kind": "email", "address": "ana@example.org", "reason": reason, "now": NOW} | fields))


def test_an_address_is_suppressed_once():
    assert suppress(address=" Ana@Example.org ")
    assert not suppress(note="again")
    assert Suppression.objects.get().address == "ana@example.org"
    assert AuditEvent.objects.get().detail["reason"] == "unsubscribed"


def test_the_same_address_may_be_suppressed_for_several_reasons_and_segments():
    assert suppress()
    assert suppress("hard_bounce")
    assert suppress(segment=make_segment())
    assert suppress(segment=make_segment())


def test_a_long_note_is_cut():
    suppress(note="x" * 1000)
    assert len(Suppression.objects.get().note) == 250


def test_lifting_is_on_record():
    suppress("manual")
    ana = make_user()
    services.lift(Suppression.objects.get(), actor=ana, now=NOW)
    assert not Suppression.objects.exists()
    event = AuditEvent.objects.first()
    assert (event.verb, event.actor, event.detail["reason"]) == ("address.released", ana, "manual")


def test_the_trail_names_no_recipient():
    suppress("manual", note="Zoé asked by phone")
    services.lift(Suppression.objects.get(), actor=None, now=NOW)
    told = str(list(AuditEvent.objects.values_list("detail", flat=True)))
    assert "a…@example.org" in told
    assert "ana@" not in told
    assert "Zoé" not in told


@pytest.mark.parametrize(
    ("reason", "routine", "mandatory"),
    [("hard_bounce", True, True), ("manual", True, True), ("complaint", True, False), ("unsubscribed", True, False)],
)
def test_absolute_reasons_stop_mandatory_notices_too(reason, routine, mandatory):
    make_contact(email="ana@example.org")
    make_contact(email="ben@example.org")
    suppress(reason)
    blocked = {
        is_mandatory: [contact.email for contact in Contact.objects.blocked("email", segment=None, is_mandatory=is_mandatory)]
        for is_mandatory in (False, True)
    }
    assert blocked == {False: ["ana@example.org"] * routine, True: ["ana@example.org"] * mandatory}


def test_a_segments_suppression_stops_that_segment_only():
    make_contact(email="ana@example.org")
    here, elsewhere = make_segment(), make_segment()
    suppress(segment=here)
    assert Contact.objects.blocked("email", segment=here, is_mandatory=False).count() == 1
    assert Contact.objects.blocked("email", segment=elsewhere, is_mandatory=False).count() == 0
    assert Contact.objects.blocked("email", segment=None, is_mandatory=False).count() == 0


def test_a_blocked_phone_leaves_the_email_alone():
    make_contact(email="ana@example.org", phone="+33123456789")
    suppress(kind="phone", address="+33 1 23 45 67 89")
    assert Contact.objects.blocked("phone", segment=None, is_mandatory=False).count() == 1
    assert Contact.objects.blocked("email", segment=None, is_mandatory=False).count() == 0


def test_an_empty_address_is_missing_rather_than_blocked():
    make_contact(email="", phone="+33123456789")
    Suppression.objects.create(kind="email", address="", reason="manual")
    assert not Contact.objects.blocked("email", segment=None, is_mandatory=False).exists()
