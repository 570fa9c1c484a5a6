import pytest
from django.utils import timezone

from apps.campaigns import services
from apps.campaigns.models import Reason, TouchpointState
from apps.windows.models import MaintenanceWindow, WindowStatus
from apps.windows.services import WindowError

from .admin_pages import page_of, press, released, signed_in

pytestmark = pytest.mark.django_db


def states(campaign):
    return dict(campaign.touchpoints.values_list("step_key", "state"))


def test_back_to_draft_is_offered_while_nothing_has_left():
    client = signed_in()
    campaign = released(client)
    assert "Back to draft" in client.get(page_of(campaign)).content.decode()
    campaign.touchpoints.filter(step_key="announce").update(first_sent_at=timezone.now())
    assert "Back to draft" not in client.get(page_of(campaign)).content.decode()


def test_draft_again_has_nothing_to_leave_and_is_not_public():
    client = signed_in()
    campaign = released(client)
    press(client, campaign, "withdraw")
    window = MaintenanceWindow.objects.get()
    assert window.status == WindowStatus.DRAFT
    assert not MaintenanceWindow.objects.public().exists()
    assert states(campaign) == {"announce": TouchpointState.SKIPPED, "t-7d": TouchpointState.SKIPPED}
    assert set(campaign.touchpoints.values_list("reason", flat=True)) == {Reason.BACK_TO_DRAFT}


def test_it_is_refused_once_something_has_left():
    campaign = released(signed_in())
    campaign.touchpoints.filter(step_key="announce").update(first_sent_at=timezone.now())
    with pytest.raises(WindowError, match="Messages have left already"):
        services.withdraw(campaign, actor=None, now=timezone.now())
    assert MaintenanceWindow.objects.get().status == WindowStatus.SCHEDULED


def test_pause_of_a_person_outlasts_it():
    campaign = released(signed_in())
    campaign.paused_at = timezone.now()
    campaign.paused_by = campaign.owner or campaign.window.created_by
    campaign.save()
    services.withdraw(campaign, actor=None, now=timezone.now())
    campaign.refresh_from_db()
    assert campaign.paused_at
