import pytest
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import AuditEvent
from apps.audiences.models import Contact, Segment, Suppression
from apps.channels.models import ChannelKind
from apps.common.tokens import Purpose, sign
from apps.delivery import audience
from apps.delivery.models import DeliveryState
from apps.tracking.models import Event
from tests.factories import NOW, make_channel, make_contact, make_delivery, make_segment, make_touchpoint

pytestmark = pytest.mark.django_db


@pytest.fixture
def zoe():
    return make_contact(email="zoe@example.org", phone="+33123456789", name="Zoé")


def delivery_to(contact, *, segment=None, **fields):
    touchpoint = make_touchpoint(segment=segment or make_segment(), channel=make_channel(ChannelKind.EMAIL))
    return make_delivery(touchpoint=touchpoint, contact=contact, state=DeliveryState.SENT, **fields)


def page_of(delivery):
    return reverse("tracking:preferences", args=(sign(Purpose.UNSUBSCRIBE, delivery.token),))


def text(response):
    return response.content.decode()


def everything(delivery, **changes):
    """The form with every box ticked, but for `changes`; None takes a box off."""
    segments = {delivery.touchpoint.segment_id, *Segment.objects.exclude(public_names={}).values_list("pk", flat=True)}
    boxes = {f"topic_{pk}_{kind}": "on" for pk in segments for kind in ("email", "phone")}
    form = {"language": "en", "time_zone": "", "way_email": "on", "way_phone": "on", **boxes} | changes
    return {name: value for name, value in form.items() if value is not None}


def stopped():
    return set(Suppression.objects.values_list("kind", "reason", "segment"))


def test_looking_changes_nothing_and_shows_what_is_chosen(client, zoe):
    make_segment(public_names={"en": "Shop news"})
    make_segment({"field": "language", "op": "is", "value": "fr"}, public_names={"en": "Only the French"})
    make_segment(name="late payers")
    page = text(client.get(page_of(delivery_to(zoe))))
    assert "Shop news" in page
    assert "Only the French" not in page
    assert "late payers" not in page, "the team's own names are not for recipients"
    assert "zoe@example.org" not in page
    assert "z•••@example.org" in page
    assert not Suppression.objects.exists()


def test_a_topic_can_be_declined_by_one_way(client, zoe):
    news = make_segment(public_names={"en": "News"})
    delivery = delivery_to(zoe)
    answer = client.post(page_of(delivery), everything(delivery, **{f"topic_{news.pk}_phone": None}))
    assert answer.status_code == 303
    assert stopped() == {("phone", "unsubscribed", news.pk)}
    assert "Your choice is kept." in text(client.get(answer["Location"]))


def test_what_was_declined_can_be_chosen_again(client, zoe):
    delivery = delivery_to(zoe)
    segment = delivery.touchpoint.segment
    client.post(page_of(delivery), everything(delivery, way_email=None, **{f"topic_{segment.pk}_email": None}))
    assert stopped() == {("email", "unsubscribed", None), ("email", "unsubscribed", segment.pk)}
    client.post(page_of(delivery), everything(delivery))
    assert stopped() == set()


def test_everything_can_be_stopped_at_once(client, zoe):
    delivery = delivery_to(zoe)
    client.post(page_of(delivery), {"nothing": "1"})
    assert {(kind, segment) for kind, _reason, segment in stopped()} >= {("email", None), ("phone", None)}
    assert Event.objects.get().type == "unsubscribed"


def test_expanding_honours_what_was_chosen(client, zoe):
    ben = make_contact(email="ben@example.org")
    segment = make_segment(public_names={"en": "News"})
    delivery = delivery_to(zoe, segment=segment)
    client.post(page_of(delivery), everything(delivery, **{f"topic_{segment.pk}_email": None}))

    def reasons(touchpoint):
        rows = audience.addressed(audience.recipients(touchpoint), touchpoint)
        return dict(rows.values_list("email", "reason"))

    mail = make_channel(ChannelKind.EMAIL)
    assert reasons(make_touchpoint(segment=segment, channel=mail)) == {zoe.email: "unsubscribed", ben.email: ""}
    assert reasons(make_touchpoint(segment=make_segment(), channel=mail)) == {zoe.email: "", ben.email: ""}
    assert reasons(make_touchpoint(segment=segment, channel=mail, is_mandatory=True)) == {zoe.email: "", ben.email: ""}
    assert reasons(make_touchpoint(segment=segment, channel=make_channel(ChannelKind.SMS)))[zoe.email] == ""


def test_language_and_zone_are_the_contacts_from_then_on(client, zoe):
    delivery = delivery_to(zoe)
    answer = client.post(page_of(delivery), everything(delivery, language="fr", time_zone="Europe/Paris"))
    zoe.refresh_from_db()
    assert (zoe.language, zoe.time_zone) == ("fr", "Europe/Paris")
    assert 'lang="fr"' in text(client.get(answer["Location"]))
    event = AuditEvent.objects.get(verb="contact.chose")
    assert event.actor is None


def test_the_names_of_topics_are_in_the_recipients_language(client, zoe):
    Contact.objects.update(language="fr")
    zoe.refresh_from_db()
    make_segment(public_names={"en": "News", "fr": "Nouvelles"})
    page = text(client.get(page_of(delivery_to(zoe))))
    assert "Nouvelles" in page


@pytest.mark.parametrize("reason", ["hard_bounce", "complaint", "manual"])
def test_what_is_blocked_for_another_reason_is_said_and_stays(client, zoe, reason):
    Suppression.objects.create(kind="email", address=zoe.email, reason=reason)
    delivery = delivery_to(zoe)
    page = text(client.get(page_of(delivery)))
    assert "Nothing is sent to z•••@example.org" in page
    assert "way_email" not in page
    client.post(page_of(delivery), everything(delivery))
    assert stopped() == {("email", reason, None)}


@pytest.mark.parametrize("changes", [{"language": "xx"}, {"time_zone": "Europe/Pariss"}])
def test_a_forged_choice_changes_nothing(client, zoe, changes):
    delivery = delivery_to(zoe)
    answer = client.post(page_of(delivery), everything(delivery, way_email=None, **changes))
    assert answer.status_code == 200
    assert "nothing was changed" in text(answer)
    assert stopped() == set()


def test_segments_that_are_not_offered_cannot_be_chosen_by_number(client, zoe):
    hidden = make_segment()
    Suppression.objects.create(kind="email", address=zoe.email, reason="unsubscribed", segment=hidden)
    delivery = delivery_to(zoe)
    client.post(page_of(delivery), everything(delivery, **{f"topic_{hidden.pk}_email": "on"}))
    assert stopped() == {("email", "unsubscribed", hidden.pk)}


def test_who_has_another_address_by_now_is_not_spoken_for_by_the_old_one(client, zoe):
    delivery = delivery_to(zoe)
    Contact.objects.update(email="new@example.org")
    answer = client.get(page_of(delivery))
    assert (answer.status_code, answer["Location"]) == (303, page_of(delivery).removesuffix("/preferences"))
    assert client.post(page_of(delivery), {"nothing": "1"}).status_code == 303
    assert stopped() == set()
    assert "/preferences" not in text(client.get(answer["Location"]))


def test_archived_contacts_can_only_unsubscribe(client, zoe):
    delivery = delivery_to(zoe)
    Contact.objects.update(archived_at=NOW)
    assert client.get(page_of(delivery)).status_code == 303


def test_a_forged_name_opens_nothing(client, zoe):
    page = reverse("tracking:preferences", args=("forged",))
    assert client.get(page).status_code == 404
    assert client.post(page).status_code == 404
    assert client.put(page).status_code == 405


def test_the_page_leaves_no_trace(client, zoe):
    answer = client.get(page_of(delivery_to(zoe)))
    assert answer["Referrer-Policy"] == "no-referrer"
    assert answer["Cache-Control"] == "no-store"
    assert not answer.cookies


def test_unsubscribing_leads_to_the_choice(client, zoe):
    delivery = delivery_to(zoe)
    page = page_of(delivery)
    assert page in text(client.get(page.removesuffix("/preferences")))
    assert page in text(client.post(page.removesuffix("/preferences")))


def test_declining_is_noted_once_as_an_unsubscribing(client, zoe):
    delivery = delivery_to(zoe)
    own = f"topic_{delivery.touchpoint.segment_id}_email"
    for _ in range(2):
        client.post(page_of(delivery), everything(delivery, **{own: None}))
    assert [event.type for event in Event.objects.all()] == ["unsubscribed"]
    assert Event.objects.get().at <= timezone.now()


def test_the_page_takes_few_queries_however_many_topics_there_are(client, zoe, django_assert_max_num_queries):
    for number in range(10):
        make_segment(public_names={"en": f"Topic {number}"})
    page = page_of(delivery_to(zoe))
    with django_assert_max_num_queries(6):
        client.get(page)
