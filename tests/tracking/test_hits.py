from datetime import timedelta

import pytest

from apps.delivery.models import DeliveryState
from apps.tracking import hits, rescoring, services
from apps.tracking.models import Event, EventType
from tests.factories import DAY, NOW, make_contact, make_delivery, make_touchpoint
from tests.tracking.factories import make_hit, make_link, make_sent_delivery

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)


def write(*some):
    return hits.write_hits(some, now=NOW + DAY)


def test_hits_become_events_with_a_verdict():
    delivery = make_sent_delivery()
    link = make_link(delivery, 3)
    write(make_hit(delivery), make_hit(delivery, link=3, at=NOW + 60 * SECOND))
    opened, clicked = Event.objects.order_by("at")
    assert (opened.type, opened.source, opened.at, opened.verdict, opened.rule) == ("opened", "pixel", NOW, "human", "reader")
    assert (clicked.type, clicked.source, clicked.link, clicked.verdict) == ("clicked", "redirect", link, "human")


def test_hit_written_twice_is_one_event():
    hit = make_hit(make_sent_delivery())
    write(hit)
    write(hit, hit)
    assert Event.objects.count() == 1


def test_hit_of_an_unknown_delivery_is_left_out():
    delivery = make_sent_delivery()
    write(make_hit(delivery, token="00" * 16), make_hit(delivery))
    assert Event.objects.count() == 1


def test_open_right_after_sending_is_a_machines():
    delivery = make_sent_delivery(sent_at=NOW)
    write(make_hit(delivery, at=NOW + 3 * SECOND))
    assert Event.objects.get().rule == "too-soon"


def test_time_is_counted_from_delivery_when_it_is_known():
    delivery = make_sent_delivery(sent_at=NOW)
    Event.objects.create(delivery=delivery, type=EventType.DELIVERED, at=NOW + 100 * SECOND, key="d", source="Postmark")
    write(make_hit(delivery, at=NOW + 105 * SECOND))
    assert Event.objects.get(type=EventType.OPENED).rule == "too-soon"


def test_thresholds_are_settings(settings):
    settings.MACHINE_OPEN_SECONDS, settings.UNDECIDED_OPEN_SECONDS = 1, 2
    delivery = make_sent_delivery(sent_at=NOW)
    write(make_hit(delivery, at=NOW + 3 * SECOND))
    assert Event.objects.get().verdict == "human"


def test_burst_takes_what_is_near_with_it_and_spares_what_is_not():
    delivery = make_sent_delivery()
    make_link(delivery, 1), make_link(delivery, 2)
    write(make_hit(delivery), make_hit(delivery, link=1), make_hit(delivery, at=NOW + 60 * SECOND))
    assert {event.verdict for event in Event.objects.all()} == {"human"}
    write(make_hit(delivery, link=2, at=NOW + 4 * SECOND))
    assert [event.rule for event in Event.objects.order_by("at", "type", "id")] == ["burst", "burst", "burst", "reader"]


def test_number_of_queries_does_not_grow_with_the_hits(django_assert_max_num_queries):
    touchpoint = make_touchpoint()
    rows = [make_sent_delivery(touchpoint=touchpoint) for _ in range(40)]
    make_link(rows[0], 1)
    with django_assert_max_num_queries(9):
        write(*(make_hit(row, link=link) for row in rows for link in (None, 1)))


@pytest.mark.parametrize("state", [DeliveryState.IN_DOUBT, DeliveryState.UNKNOWN])
def test_open_proves_that_a_message_in_doubt_arrived(state):
    delivery = make_delivery(state=state, reason="worker_lost", composed_at=NOW - DAY)
    write(make_hit(delivery))
    delivery.refresh_from_db()
    assert delivery.state == DeliveryState.SENT


def test_whole_domain_opening_within_a_minute_is_a_scanner_in_hindsight():
    touchpoint = make_touchpoint()
    staff = [make_sent_delivery(touchpoint=touchpoint, contact=make_contact(email=f"p{n}@acme.example")) for n in range(6)]
    other = make_sent_delivery(touchpoint=touchpoint, contact=make_contact(email="cem@home.example"))
    write(*(make_hit(row, at=NOW + n * SECOND) for n, row in enumerate([*staff[:5], other])))
    late = make_hit(staff[5], at=NOW + 600 * SECOND)
    write(late)
    assert rescoring.rescore_recent(now=NOW + 700 * SECOND) == 5
    people = Event.objects.filter(verdict="human")
    assert {event.delivery_id for event in people} == {other.pk, staff[5].pk}


def test_rescoring_uses_what_has_been_learned_since():
    delivery = make_sent_delivery()
    write(make_hit(delivery))
    Event.objects.create(delivery=delivery, type=EventType.DELIVERED, at=NOW - 5 * SECOND, key="d", source="Postmark")
    assert rescoring.rescore_all(now=NOW + DAY) == 1
    assert Event.objects.get(type=EventType.OPENED).rule == "too-soon"


def test_agents_are_forgotten_and_their_verdicts_stay():
    delivery = make_sent_delivery()
    write(make_hit(delivery), make_hit(delivery, at=NOW + 20 * DAY))
    assert services.forget(now=NOW + 31 * DAY) == 1
    old, new = Event.objects.order_by("at")
    assert (old.user_agent, old.verdict) == ("", "human")
    assert new.user_agent
    assert rescoring.rescore_all(now=NOW + 31 * DAY) == 0
