"""The page of deliveries in doubt, as a planner uses it."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import AuditEvent
from apps.campaigns.models import Touchpoint
from apps.delivery.evidence import Sign, register, signs
from apps.delivery.models import Attempt, Delivery, LookUp
from apps.tracking.models import Event
from tests.factories import make_batch, make_channel, make_delivery, make_planner, make_touchpoint, make_user

from .engine import states, work

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("text")]
LIST = "admin:delivery_doubtfuldelivery_changelist"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def ana(client):
    planner = make_planner(time_zone="Europe/Paris")
    client.force_login(planner)
    return planner


def doubt(touchpoint=None, *, ago=MINUTE, **fields):
    now = timezone.now()
    touchpoint = touchpoint or open_touchpoint()
    batch = make_batch(touchpoint, state="done", marked_at=now - ago)
    defaults = {"state": "in_doubt", "reason": "no_answer", "batch": batch, "attempts": 1, "sent_at": now - ago}
    return make_delivery(touchpoint=touchpoint, **(defaults | fields))


def open_touchpoint(**fields):
    return make_touchpoint(state="sending", due_at=timezone.now(), expanded_at=timezone.now(), **fields)


def shown(client, **query):
    return client.get(reverse(LIST), query).content.decode()


def say(client, action, rows=None, *, confirmed=True, **fields):
    chosen = [row.pk for row in (rows if rows is not None else Delivery.objects.all())]
    data = {"action": action, "_selected_action": chosen, "select_across": "0"} | fields
    if confirmed:
        data |= {"seen": len(chosen)}
    return client.post(reverse(LIST), data, follow=True).content.decode()


def test_a_row_says_who_what_since_when_and_why(client, ana):
    row = doubt(reason="worker_lost")

    page = shown(client)

    assert row.contact.email in page
    assert row.touchpoint.campaign.window.title in page
    assert "UTC+0" in page
    assert "The worker stopped in the middle of it" in page
    assert "it is unknown from then on" in page


def test_what_is_not_in_doubt_is_not_listed(client, ana):
    sent = make_delivery(state="sent")

    page = shown(client)

    assert sent.contact.email not in page
    assert "No message is in doubt" in page


def test_a_row_says_what_is_known(client, ana):
    row = doubt()
    Attempt.objects.create(delivery=row, number=1, at=row.sent_at, outcome="in_doubt", phase="after", text="Reset by peer.")
    LookUp.objects.create(delivery=row, at=row.sent_at, answer="not_found", next_at=row.sent_at)
    Event.objects.create(delivery=row, type="deferred", at=row.sent_at, key="k", source="Postmark", detail={"response": "451"})

    page = shown(client)

    for words in ("Reset by peer.", "The provider knows of no such message", "Deferred: 451 (Postmark)"):
        assert words in page


def test_an_urgent_one_goes_again_at_once(client, ana):
    doubt(open_touchpoint(urgency="urgent"))

    assert "It goes again now, under the same name." in shown(client)


def test_a_channel_that_repeats_later_says_when(client, ana):
    doubt(open_touchpoint(channel=make_channel(after_doubt_routine="wait_repeat")))

    assert "it goes again under the same name:" in shown(client)


def test_the_filters_count_what_they_hold(client, ana):
    mine, other = doubt(), doubt()
    doubt(mine.touchpoint)

    page = shown(client, campaign=mine.touchpoint.campaign_id)

    assert f"{mine.touchpoint.channel} (2)" in page
    assert f"{mine.touchpoint.campaign} (2)" in page
    assert other.contact.email not in page


@pytest.mark.parametrize("query", [{"campaign": "x"}, {"touchpoint": "1;"}, {"channel": "0"}, {"reason": "made up"}])
def test_a_filter_that_fits_nothing_shows_the_way_back(client, ana, query):
    doubt()

    assert "Show all doubts" in shown(client, **query)


def test_the_page_asks_a_fixed_number_of_queries(client, ana):
    touchpoint = open_touchpoint()
    doubt(touchpoint)
    few = queries(client)
    for _ in range(12):
        doubt(touchpoint)

    assert queries(client) == few <= 25


def queries(client):
    with CaptureQueriesContext(connection) as asked:
        client.get(reverse(LIST))
    return len(asked)


@pytest.mark.parametrize(
    ("action", "words"),
    [
        ("arrived", "2 messages are kept as sent."),
        ("not_arrived", "2 messages are kept as failed."),
        ("unknown", "2 messages are kept as unknown."),
        ("repeat", "2 messages leave again now, under the same name."),
    ],
)
def test_the_consequences_are_stated_before_anything_happens(client, ana, action, words):
    doubt(), doubt()

    page = say(client, action, confirmed=False)

    assert words in page
    assert states() == {"in_doubt": 2}


def test_a_repeat_says_what_it_would_do_twice_and_what_it_cannot_do(client, ana):
    doubt(open_touchpoint(channel=make_channel("sms")))
    closed = doubt()
    Touchpoint.objects.filter(pk=closed.touchpoint_id).update(useful_until=timezone.now())

    page = say(client, "repeat", confirmed=False)

    assert "1 of them is a text message: whoever has received it receives it twice." in page
    assert "1 stays in doubt" in page


def test_what_cannot_go_again_offers_no_button(client, ana):
    row = doubt()
    Touchpoint.objects.filter(pk=row.touchpoint_id).update(useful_until=timezone.now())

    assert 'type="submit" class="button' not in say(client, "repeat", confirmed=False)


def test_a_person_says_that_they_arrived(client, ana):
    doubt(), doubt()

    page = say(client, "arrived")

    assert "2 doubts were settled: They arrived." in page
    assert states() == {"sent": 2}
    assert {row.actor for row in AuditEvent.objects.filter(verb="delivery.doubt_resolved")} == {ana}


def test_a_person_sends_them_again(client, ana, outbox):
    doubt()

    assert "1 delivery leaves again now." in say(client, "repeat")

    work(timezone.now())
    assert states() == {"sent": 1}


def test_all_of_a_filter_beyond_the_page_are_meant(client, ana):
    mine = doubt()
    for _ in range(60):
        doubt(mine.touchpoint)
    other = doubt()
    url = f"{reverse(LIST)}?campaign={mine.touchpoint.campaign_id}"

    client.post(url, {"action": "arrived", "_selected_action": [mine.pk], "select_across": "1", "seen": "61"})

    assert states() == {"sent": 61, "in_doubt": 1}
    other.refresh_from_db()
    assert other.state == "in_doubt"


def test_when_more_have_come_since_it_was_asked_it_is_asked_anew(client, ana):
    doubt(), doubt()

    page = say(client, "arrived", seen="1", confirmed=False)

    assert "2 messages are kept as sent." in page
    assert states() == {"in_doubt": 2}


def test_what_was_settled_meanwhile_is_said_so(client, ana):
    row = doubt()
    Delivery.objects.update(state="sent", reason="")

    assert "No message is in doubt" in say(client, "arrived", [row])


def test_channels_that_cannot_be_asked_are_said_so(client, ana):
    doubt()

    assert "None of these can be asked about" in say(client, "ask")


def test_who_may_only_look_is_offered_no_word(client):
    cem = make_user(is_staff=True)
    cem.user_permissions.add(Permission.objects.get(codename="view_delivery"))
    client.force_login(cem)
    doubt()

    assert "They arrived" not in shown(client)
    say(client, "arrived")
    assert states() == {"in_doubt": 1}


def test_a_stranger_sees_nothing(client):
    client.force_login(make_user(is_staff=True))

    assert client.get(reverse(LIST)).status_code == 403


def test_a_row_leads_to_its_page_in_the_log(client, ana):
    row = doubt()

    response = client.get(reverse("admin:delivery_doubtfuldelivery_change", args=[row.pk]))

    assert response.url == reverse("admin:delivery_delivery_change", args=[row.pk])


def test_the_first_page_counts_doubts_and_leads_there(client, ana):
    row = doubt()

    page = client.get(reverse("admin:index")).content.decode()

    assert f"{row.touchpoint.campaign.window.title}: 1 message is in doubt." in page
    assert f"{reverse(LIST)}?campaign={row.touchpoint.campaign_id}" in page


def test_signs_of_several_sources_come_in_the_order_of_time(monkeypatch):
    monkeypatch.setattr("apps.delivery.evidence._sources", [])
    row = doubt()
    Attempt.objects.create(delivery=row, number=1, at=row.sent_at, outcome="in_doubt", phase="after", text="Reset.")
    before = Sign(at=row.sent_at - MINUTE, words="Earlier.")
    register(lambda ids: {pk: [before] for pk in ids})

    assert [sign.words for sign in signs([row])[row.pk]] == ["Earlier.", "The connection or the provider said: Reset."]
