import pytest
from django.urls import reverse

from apps.campaigns.models import Campaign
from apps.windows.models import MaintenanceWindow
from tests.factories import DAY, NOW, make_campaign, make_planner, make_user, make_window

pytestmark = pytest.mark.django_db
CHOICES = {"interval": "1", "rhythm": "weekly", "count": "2"}


@pytest.fixture(autouse=True)
def clock(time_machine):
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def campaign(client):
    client.force_login(make_planner())
    return make_campaign(window=make_window(starts_at=NOW + 7 * DAY))


def page_of(campaign):
    return reverse("admin:windows_maintenancewindow_repeat", args=[campaign.window_id])


def seen(client, campaign):
    return client.get(page_of(campaign)).context["seen"]


def test_dates_are_shown_before_anything_is_written(client, campaign):
    page = client.post(page_of(campaign), CHOICES).content.decode()
    assert "Monday 16 March 2026, 10:00" in page
    assert "Monday 23 March 2026, 10:00" in page
    assert MaintenanceWindow.objects.count() == 1


def test_each_further_window_gets_a_campaign_by_the_same_playbook(client, campaign):
    response = client.post(page_of(campaign), CHOICES | {"_draft": "1", "seen": seen(client, campaign)}, follow=True)
    assert "2 further windows were drafted" in response.content.decode()
    assert {each.playbook for each in Campaign.objects.all()} == {campaign.playbook}
    assert Campaign.objects.filter(released_at__isnull=True).count() == 2
    campaign.window.refresh_from_db()
    rows = client.get(reverse("admin:windows_maintenancewindow_changelist"), {"series__id__exact": campaign.window.series_id})
    assert rows.context["cl"].result_count == 3


def test_window_that_changed_meanwhile_is_not_repeated(client, campaign):
    before = seen(client, campaign)
    MaintenanceWindow.objects.update(revision=5)
    page = client.post(page_of(campaign), CHOICES | {"_draft": "1", "seen": before}).content.decode()
    assert "since you opened this page" in page
    assert MaintenanceWindow.objects.count() == 1


def test_colleague_without_permission_is_refused(client, campaign):
    client.force_login(make_user(is_staff=True))
    assert client.post(page_of(campaign), CHOICES).status_code == 403
