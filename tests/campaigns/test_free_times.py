from datetime import datetime, timedelta

import pytest
import time_machine
from django.http import QueryDict
from django.utils import timezone

from apps.campaigns.forms.periods import moved_to
from apps.campaigns.models import Campaign
from apps.windows.models import Blackout, MaintenanceWindow, WindowStatus

from .admin_pages import LIST, drafted, filled_in, make_plan, page_of, signed_in

pytestmark = pytest.mark.django_db

FAR = timedelta(days=30)


@pytest.fixture(autouse=True)
def spring():
    """No public holiday is near."""
    with time_machine.travel("2026-09-01 09:00 +0000", tick=False):
        yield


def free_days(page):
    return [datetime.fromisoformat(time.value).day for time in page.context["free_times"]]


def test_free_times_keep_clear_of_other_windows_on_the_same_services():
    client, values = signed_in(), filled_in(make_plan())  # on 1 October at 02:00
    client.post(LIST + "add/", values | {"_draft": "1"})
    MaintenanceWindow.objects.update(status=WindowStatus.SCHEDULED)

    page = client.post(LIST + "add/", values | {"_free_times": "1"})

    assert free_days(page) == [2, 3, 4, 8]  # and the same weekday
    assert "Friday 2 October 2026, 02:00–04:00 (Paris time, UTC+02:00)" in page.content.decode()
    assert Campaign.objects.count() == 1


def test_free_times_keep_clear_of_blackouts_of_all_services():
    Blackout.objects.create(name="Freeze", first_date="2026-10-01", last_date="2026-10-02", time_zone="Europe/Paris")

    assert free_days(signed_in().post(LIST + "add/", filled_in(make_plan()) | {"_free_times": "1"}))[0] == 3


def test_free_times_keep_clear_of_public_holidays(settings):
    settings.HOLIDAY_REGIONS = ["DE"]
    german_unity = {"start_date": "2026-10-03"}

    assert free_days(signed_in().post(LIST + "add/", filled_in(make_plan(), **german_unity) | {"_free_times": "1"}))[0] == 4


def test_free_times_give_the_notice_that_the_impact_asks_for():
    soon = f"{timezone.now() + timedelta(days=1):%Y-%m-%d}"

    assert free_days(signed_in().post(LIST + "add/", filled_in(make_plan(), start_date=soon) | {"_free_times": "1"}))[0] == 9


def test_picking_one_moves_the_form_and_saves_nothing():
    page = signed_in().post(LIST + "add/", filled_in(make_plan()) | {"_free_time": "2026-10-08T02:00"})

    assert page.context["form"]["start_date"].value() == "2026-10-08"
    assert "Thursday 8 October 2026" in page.context["proposal"].times
    assert not MaintenanceWindow.objects.exists()


def test_announced_end_moves_along():
    typed = QueryDict("start_date=2026-10-01&start_time=22:00&announced_date=2026-10-02&announced_time=04:00")

    moved = moved_to(typed, "2026-10-08T22:00")

    assert (moved["start_date"], moved["announced_date"], moved["announced_time"]) == ("2026-10-08", "2026-10-09", "04:00")


@pytest.mark.parametrize("forged", ["", "tomorrow", "2026-13-01T00:00", "<b>"])
def test_forged_time_changes_nothing(forged):
    typed = QueryDict("start_date=2026-10-01&start_time=22:00")

    assert moved_to(typed, forged) == typed


def test_without_a_start_it_says_what_is_needed():
    page = signed_in().post(LIST + "add/", filled_in(make_plan(), start_date="") | {"_free_times": "1"})

    assert "Give the start and the duration first" in page.content.decode()


def test_plan_page_leads_to_free_times_where_the_time_is_in_the_way():
    client = signed_in()
    campaign = drafted(client)
    assert "_free_times" not in client.get(page_of(campaign)).content.decode()
    Blackout.objects.create(name="Freeze", first_date="2026-10-01", last_date="2026-10-02", time_zone="Europe/Paris")

    link = f"{LIST}{campaign.window_id}/draft/?_free_times=1"

    assert link in client.get(page_of(campaign)).content.decode()
    assert free_days(client.get(link))[0] == 3
