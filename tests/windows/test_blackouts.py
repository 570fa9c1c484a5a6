from datetime import UTC, datetime

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from apps.accounts.models import AuditEvent
from apps.windows.models import Blackout
from tests.factories import HOUR, NOW, make_planner, make_service

pytestmark = pytest.mark.django_db

LIST = "/admin/windows/blackout/"


def make_blackout(**fields):
    defaults = {"name": "Freeze", "first_date": "2026-12-24", "last_date": "2026-12-26", "time_zone": "Europe/Paris"}
    row = Blackout.objects.create(**(defaults | fields))
    row.refresh_from_db()
    return row


def typed(**fields):
    defaults = {
        "name": "Freeze",
        "first_date": "2026-12-24",
        "last_date": "2026-12-26",
        "time_zone": "Europe/Paris",
        "services": [],
    }
    return defaults | fields


def test_blackout_lasts_to_the_end_of_its_last_day_in_its_zone():
    closure = make_blackout().closure

    assert closure.starts_at == datetime(2026, 12, 23, 23, tzinfo=UTC)
    assert closure.ends_at == datetime(2026, 12, 26, 23, tzinfo=UTC)


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_blackout_is_found_whatever_its_zone(zone):
    blackout = make_blackout(time_zone=zone)
    closure = blackout.closure

    for instant in (closure.starts_at, closure.ends_at - HOUR):
        assert blackout in Blackout.objects.near(instant, instant + HOUR)
    far = closure.ends_at + 72 * HOUR
    assert blackout not in Blackout.objects.near(far, far + HOUR)


def test_last_day_is_not_before_the_first():
    with pytest.raises(IntegrityError), transaction.atomic():
        make_blackout(last_date="2026-12-23")


def test_who_enters_a_blackout_is_kept_with_it(client):
    ana, service = make_planner(username="ana", time_zone="Europe/Paris"), make_service("Shop")
    client.force_login(ana)
    assert client.get(LIST + "add/").context["adminform"].form["time_zone"].value() == "Europe/Paris"

    client.post(LIST + "add/", typed(services=[service.pk], is_strict="on"))

    blackout = Blackout.objects.get()
    assert (blackout.entered_by, list(blackout.services.all()), blackout.is_strict) == (ana, [service], True)
    assert AuditEvent.objects.filter(verb="blackout.added", actor=ana).exists()


def test_change_does_not_make_it_somebody_elses(client):
    ana = make_planner(username="ana")
    blackout = make_blackout(entered_by=ana)
    client.force_login(make_planner(username="ben"))

    client.post(reverse("admin:windows_blackout_change", args=[blackout.pk]), typed(name="Sale"))

    blackout.refresh_from_db()
    assert (blackout.name, blackout.entered_by) == ("Sale", ana)


def test_archived_service_is_not_offered_and_stays_where_it_was_chosen(client):
    client.force_login(make_planner())
    gone = make_service("Gone", archived_at=NOW)
    blackout = make_blackout()
    blackout.services.add(gone)

    assert "Gone" not in client.get(LIST + "add/").content.decode()
    page = client.get(reverse("admin:windows_blackout_change", args=[blackout.pk])).content.decode()
    assert "Gone" in page
    client.post(reverse("admin:windows_blackout_change", args=[blackout.pk]), typed(services=[gone.pk]))
    assert list(blackout.services.all()) == [gone]


def test_days_in_the_wrong_order_are_refused_with_a_sentence(client):
    client.force_login(make_planner())

    page = client.post(LIST + "add/", typed(last_date="2026-12-01"))

    assert "The last day is before the first one." in page.content.decode()
    assert not Blackout.objects.exists()


def test_list_names_the_services_or_all_of_them_in_a_fixed_number_of_queries(client, django_assert_max_num_queries):
    client.force_login(make_planner())
    make_blackout().services.add(make_service("Shop"))
    make_blackout(name="All of it")
    for number in range(5):
        make_blackout(name=f"{number}").services.add(make_service())

    with django_assert_max_num_queries(20):
        page = client.get(LIST).content.decode()

    assert "Shop" in page
    assert '<td class="field-service_names">All</td>' in page
