from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone

from apps.accounts.models import AuditEvent, User
from apps.campaigns.models import Campaign, HandMadeCell, Playbook, Touchpoint
from apps.windows.models import MaintenanceWindow, WindowStatus
from tests.factories import make_playbook

from .admin_pages import LIST, drafted, page_of, released, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def client():
    return signed_in()


@pytest.fixture
def campaign(client):
    campaign = released(client)
    step = campaign.playbook.steps.get(key="t-7d")
    HandMadeCell.objects.create(
        campaign=campaign, step_key="t-7d", segment=step.segment, channel=step.channel, is_on=False, decided_at=timezone.now()
    )
    return campaign


def pages_of(campaign):
    return f"{LIST}{campaign.window_id}/duplicate/", f"{LIST}{campaign.window_id}/playbook/"


def duplicate(client, campaign, **values):
    day = timezone.now() + timedelta(days=60)
    asked = {"title": "Once more", "start_date": f"{day:%Y-%m-%d}", "start_time": "03:00"}
    return client.post(pages_of(campaign)[0], asked | values)


def test_duplicate_is_a_draft_of_the_same_length_texts_services_and_plan(client, campaign):
    duplicate(client, campaign)
    copied = Campaign.objects.exclude(pk=campaign.pk).select_related("window").get()
    window, before = copied.window, campaign.window
    assert (window.status, window.title, copied.released_at) == (WindowStatus.DRAFT, "Once more", None)
    assert window.duration == before.duration
    assert window.announced_ends_at - window.starts_at == before.announced_ends_at - before.starts_at
    assert list(window.services.all()) == list(before.services.all())
    assert window.text_in("fr").title == before.text_in("fr").title
    assert (copied.playbook, copied.owner) == (campaign.playbook, campaign.owner)
    assert [cell.is_on for cell in copied.hand_made_cells.all()] == [False]
    assert campaign.hand_made_cells.count() == 1
    assert not Touchpoint.objects.filter(campaign=copied).exists()


def test_duplicate_starts_when_the_clock_of_its_zone_says_so(client, campaign):
    duplicate(client, campaign, start_date="2027-03-14", start_time="03:00")
    copied = Campaign.objects.exclude(pk=campaign.pk).get().window
    assert f"{copied.starts_at:%Y-%m-%d %H:%M}" == "2027-03-14 02:00"


def test_time_that_the_clock_jumps_over_is_explained(client, campaign):
    text = duplicate(client, campaign, start_date="2027-03-28", start_time="02:30")
    assert "does not exist that night" in client.get(text.url).content.decode()


@pytest.mark.parametrize(
    ("field", "value"),
    [("start_date", "2020-01-01"), ("start_date", "9999-12-31"), ("start_date", ""), ("title", " "), ("start_time", "25:00")],
)
def test_duplicate_at_no_possible_time_is_refused(client, campaign, field, value):
    assert duplicate(client, campaign, **{field: value}).status_code == 200
    assert MaintenanceWindow.objects.count() == 1


def test_proposed_start_is_still_to_come_on_the_same_weekday(client):
    campaign = drafted(client)
    campaign.window.starts_at -= timedelta(days=100)
    campaign.window.ends_at -= timedelta(days=100)
    campaign.window.save()
    initial = client.get(pages_of(campaign)[0]).context["form"].initial
    assert timezone.now().date() <= initial["start_date"] <= timezone.now().date() + timedelta(days=8)
    assert (initial["start_date"] - campaign.window.starts_at.date()).days % 7 in (0, 1)


def test_trail_says_what_was_duplicated(client, campaign):
    duplicate(client, campaign)
    assert AuditEvent.objects.get(verb="campaign.duplicated").detail["of"] == str(campaign.window)


def test_plan_is_saved_as_a_playbook(client, campaign):
    answer = client.post(pages_of(campaign)[1], {"name": "Quiet", "description": "Without the reminder."})
    saved = Playbook.objects.get(name="Quiet")
    assert answer.url == f"/admin/campaigns/playbook/{saved.pk}/matrix/"
    assert [step.key for step in saved.steps.all()] == ["announce"]
    assert campaign.playbook.steps.count() == 2


def test_name_that_is_taken_is_refused(client, campaign):
    make_playbook(name="Quiet")
    answer = client.post(pages_of(campaign)[1], {"name": "quiet", "description": ""})
    assert "There is a playbook of this name already" in answer.content.decode()
    assert Playbook.objects.filter(name__iexact="quiet").count() == 1


def test_name_without_letters_that_an_address_can_have_gets_one(client, campaign):
    client.post(pages_of(campaign)[1], {"name": "夜間", "description": ""})
    assert Playbook.objects.get(name="夜間").slug == "playbook"


def test_viewer_can_copy_nothing(campaign):
    viewer = signed_in(username="ben", is_superuser=False)
    User.objects.get(username="ben").user_permissions.add(Permission.objects.get(codename="view_maintenancewindow"))
    assert [viewer.get(page).status_code for page in pages_of(campaign)] == [403, 403]
    assert [viewer.post(page, {"name": "x"}).status_code for page in pages_of(campaign)] == [403, 403]
    assert "duplicate/" not in viewer.get(page_of(campaign)).content.decode()
