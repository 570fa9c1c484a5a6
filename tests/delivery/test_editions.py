"""A message read again says what it said when it left, whatever has been edited since."""

import pytest
import time_machine

from apps.audiences.models import Contact
from apps.campaigns.content import gather, keep, material_of
from apps.campaigns.models import MessageTemplate, TouchpointText
from apps.channels.transports.memory import MemoryTransport
from apps.delivery.editions import read_again
from apps.delivery.models import Batch, Delivery, Edition
from apps.windows.models import MaintenanceWindow
from tests.factories import NOW, make_channel, make_contact, make_delivery, make_template, make_touchpoint

from .engine import expanded, work

pytestmark = pytest.mark.django_db
RELATED = ("contact", "batch__edition", "touchpoint__campaign__window", "touchpoint__channel", "touchpoint__segment")


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture(autouse=True)
def _text(clock):
    make_template(
        subject="{{ window.title }}", body="Hello {{ contact.name }}, [help](https://help.example.org/): {{ window.times }}."
    )


def the_delivery():
    return Delivery.objects.select_related(*RELATED).get()


def sent():
    """One message that has left, and what the transport was given."""
    make_contact(name="Cem")
    expanded(0, channel=make_channel("memory"))
    before = len(MemoryTransport.outbox)
    work()
    return the_delivery(), MemoryTransport.outbox[before:][0]


def test_what_is_read_again_is_what_was_sent():
    delivery, message = sent()
    reading = read_again(delivery)

    assert reading.was_sent
    assert reading.content.subject == message.subject
    assert reading.content.text.split(":")[0] == message.text.split(":")[0]
    assert reading.caveats == ()


def test_edited_texts_do_not_change_what_was_sent():
    sent()
    MessageTemplate.objects.update(subject="Something else", body="Something else")
    MaintenanceWindow.objects.update(title="Another title")

    reading = read_again(the_delivery())

    assert reading.content.subject == "Database upgrade"
    assert "Hello Cem" in reading.content.text


def test_reading_again_counts_as_nothing():
    delivery, _message = sent()
    content = read_again(delivery).content

    assert "/o/" not in content.html
    assert "/c/" not in content.html
    assert "https://help.example.org/" in content.html
    assert delivery.token.hex not in content.html


def test_a_contact_that_has_changed_is_said(clock):
    sent()
    clock.shift(60)
    Contact.objects.get().save()

    assert any("contact has been changed" in caveat for caveat in read_again(the_delivery()).caveats)


def test_batches_that_say_the_same_share_an_edition(settings):
    settings.DELIVERY_BATCH_SIZE = 1
    expanded(3)
    work()

    assert Edition.objects.count() == 1
    assert set(Batch.objects.values_list("edition", flat=True)) == {Edition.objects.get().pk}


def test_a_message_from_before_editions_is_said_to_be_composed_anew(clock):
    sent()
    clock.shift(60)
    Batch.objects.update(edition=None)
    MessageTemplate.objects.get().save()

    caveats = read_again(the_delivery()).caveats

    assert any("was not kept" in caveat for caveat in caveats)
    assert any("template" in caveat for caveat in caveats)


def test_what_has_not_left_is_shown_as_it_would_leave_now():
    make_contact(name="Cem")
    expanded(0)
    MessageTemplate.objects.update(subject="Edited")

    reading = read_again(the_delivery())

    assert not reading.was_sent
    assert reading.content.subject == "Edited"


def test_what_goes_again_is_shown_as_it_would_leave_now():
    sent()
    Delivery.objects.update(state="pending", sent_at=None)

    assert not read_again(the_delivery()).was_sent


def test_material_is_the_same_after_it_was_kept():
    touchpoint = make_touchpoint()
    material = gather(touchpoint)
    again = material_of(keep(material)[1], touchpoint)

    assert again.facts == material.facts
    assert again.source("en") == material.source("en")


def test_wording_kept_in_an_unknown_form_is_said_and_not_raised():
    sent()
    Edition.objects.update(content={"facts": {}, "texts": {}, "format": 9})

    reading = read_again(the_delivery())

    assert reading.content is None
    assert "cannot read" in reading.problem


def test_an_own_text_of_the_touchpoint_goes_before_the_template():
    touchpoint = make_touchpoint()
    TouchpointText.objects.create(touchpoint=touchpoint, language="en", subject="Own", body="Own words.")

    assert gather(touchpoint).source("en").subject == "Own"
    assert make_delivery(touchpoint=touchpoint, state="sent").sent_at == NOW
