from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone

from apps.accounts.models import User
from apps.campaigns.models import Campaign, Touchpoint
from apps.windows.models import MaintenanceWindow, WindowStatus
from tests.factories import make_contact

from .admin_pages import INLINE, LIST, drafted, filled_in, make_plan, page_of, signed_in

pytestmark = pytest.mark.django_db

PLAN = LIST + "plan/"


def test_form_begins_with_the_planners_zone_and_the_default_playbook():
    playbook = make_plan()
    form = signed_in().get(LIST + "add/").context["form"]
    assert form["time_zone"].value() == "Europe/Paris"
    assert form["playbook"].value() == playbook.pk


def test_plan_is_shown_before_anything_is_saved():
    text = signed_in().post(PLAN, filled_in(make_plan())).content.decode()
    assert "−7 d" in text
    assert "before the start" in text
    assert "2 recipients" in text
    assert "1 English, 1 French" in text
    assert "Paris time" in text
    assert "UTC</span>" in text
    assert "4 messages" in text
    assert not MaintenanceWindow.objects.exists()


def test_plan_speaks_the_planners_language():
    text = signed_in(language="fr").post(PLAN, filled_in(make_plan())).content.decode()
    assert "−7 j" in text
    assert "heure de Paris" in text


def test_plan_says_what_is_missing_to_make_one():
    text = signed_in().post(PLAN, filled_in(make_plan(), duration="")).content.decode()
    assert "Give the start and the duration" in text


def test_plan_names_a_duration_it_does_not_understand():
    text = signed_in().post(PLAN, filled_in(make_plan(), duration="a while")).content.decode()
    assert "“a while” is not understood" in text


def test_plan_warns_of_a_window_on_the_same_service_and_leads_to_it():
    client, values = signed_in(), filled_in(make_plan())
    client.post(LIST + "add/", values | {"_draft": "1"})
    MaintenanceWindow.objects.update(status=WindowStatus.SCHEDULED)
    text = client.post(PLAN, values).content.decode()
    assert "overlaps with “Database upgrade”" in text
    assert page_of(Campaign.objects.get()) in text


def test_plan_warns_of_short_notice():
    soon = timezone.now() + timedelta(days=1)
    text = signed_in().post(PLAN, filled_in(make_plan(), start_date=f"{soon:%Y-%m-%d}")).content.decode()
    assert "less than 48 hours ahead" in text


def test_plan_explains_a_time_that_the_clock_jumps_over():
    values = filled_in(make_plan(), start_date="2027-03-28", start_time="02:30")
    assert "02:30 does not exist that night" in signed_in().post(PLAN, values).content.decode()


def test_plan_counts_those_whose_language_the_window_does_not_speak():
    text = signed_in().post(PLAN, filled_in(make_plan(), translation_title="")).content.decode()
    assert "At least 1 recipient reads French" in text


def test_plan_counts_those_without_an_address():
    make_contact(email="", phone="+33612345678")
    text = signed_in().post(PLAN, filled_in(make_plan())).content.decode()
    assert "1 has no address for it" in text
    assert "2 recipients" in text


def test_show_the_plan_works_without_script():
    page = signed_in().post(LIST + "add/", filled_in(make_plan()) | {"_plan": "1"})
    assert "before the start" in page.content.decode()
    assert not MaintenanceWindow.objects.exists()


def test_draft_is_saved_and_nothing_is_planned_to_leave():
    campaign = drafted(signed_in())
    assert campaign.window.status == WindowStatus.DRAFT
    assert campaign.window.created_by.username == "ana"
    assert campaign.window.text_in("fr").title == "Mise à niveau de la base"
    assert not Touchpoint.objects.exists()


def test_schedule_leads_to_the_review_first():
    answer = signed_in().post(LIST + "add/", filled_in(make_plan()) | {"_schedule": "1"})
    assert answer.url.endswith("/do/release/")
    assert MaintenanceWindow.objects.get().status == WindowStatus.DRAFT


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("services", [], "Name at least one service"),
        ("services", ["9" * 30], "Select a valid choice"),
        ("duration", "-2 h", "is not understood"),
        ("duration", "999999999999 h", "is not understood"),
        ("time_zone", "Mars/Olympus", "Select a valid choice"),
        ("start_date", "2020-01-01", "would already be over"),
        ("start_date", "9999-12-31", "five years ahead"),
        ("start_date", "31.12.2026", "Enter a valid date"),
        ("announced_date", "2026-12-31", "date and the time"),
        ("translation_language", "en", "choose another one"),
    ],
)
def test_error_names_what_is_wrong_and_keeps_what_was_typed(field, value, sentence):
    page = signed_in().post(LIST + "add/", filled_in(make_plan(), **{field: value}) | {"_draft": "1"})
    assert sentence in page.content.decode()
    assert "Mise à niveau de la base" in page.content.decode()
    assert not Campaign.objects.exists()


def test_draft_can_be_changed_in_every_part():
    client = signed_in()
    campaign = drafted(client)
    page = client.get(f"{LIST}{campaign.window_id}/draft/")
    values = filled_in(campaign.playbook, title="Network upgrade", duration="90 min", translation_title="Réseau")
    client.post(f"{LIST}{campaign.window_id}/draft/", values | {"seen": page.context["seen"], "_draft": "1"})
    window = MaintenanceWindow.objects.get()
    assert (window.title, window.text_in("fr").title) == ("Network upgrade", "Réseau")
    assert window.duration.total_seconds() == 90 * 60


def test_second_planner_learns_who_changed_the_draft_meanwhile():
    client = signed_in()
    campaign = drafted(client)
    seen = client.get(f"{LIST}{campaign.window_id}/draft/").context["seen"]
    values = filled_in(campaign.playbook)
    client.post(f"{LIST}{campaign.window_id}/draft/", values | {"title": "First", "seen": seen, "_draft": "1"})
    page = signed_in(username="ben").post(
        f"{LIST}{campaign.window_id}/draft/", values | {"title": "Second", "seen": seen, "_draft": "1"}
    )
    assert "ana saved it since you opened this page" in page.content.decode()
    assert [(one.label, one.theirs, one.yours) for one in page.context["contrasts"]] == [("Title", "First", "Second")]
    assert MaintenanceWindow.objects.get().title == "First"


def test_second_planner_saves_theirs_all_the_same():
    client = signed_in()
    campaign = drafted(client)
    draft = f"{LIST}{campaign.window_id}/draft/"
    values = filled_in(campaign.playbook) | {"seen": client.get(draft).context["seen"], "_draft": "1"}
    client.post(draft, values | {"start_time": "03:00"})
    ben = signed_in(username="ben")
    page = ben.post(draft, values | {"duration": "3 h", "starts_automatically": ""})
    assert {(one.label, one.theirs, one.yours) for one in page.context["contrasts"]} == {
        ("Start time", "03:00", "02:00"),
        ("Duration", "2 h", "3 h"),
        ("Starts by itself", "Yes", "No"),
    }
    ben.post(draft, values | {"duration": "3 h", "seen": page.context["seen"]})
    assert MaintenanceWindow.objects.get().duration.total_seconds() == 3 * 3600


def test_second_planner_of_the_texts_sees_both():
    client = signed_in()
    campaign = drafted(client)
    address = f"{LIST}{campaign.window_id}/texts/"
    seen = client.get(address).context["seen"]
    typed = {"en-title": "Database upgrade", "fr-title": "Mise à niveau de la base"}
    client.post(address, typed | {"en-reason": "Full disks.", "seen": seen})
    page = signed_in(username="ben").post(address, typed | {"en-reason": "Old disks.", "fr-reason": "Usure.", "seen": seen})
    text = page.content.decode()
    assert "ana saved it since you opened this page" in text
    assert {(one.label, one.theirs, one.yours) for one in page.context["contrasts"]} == {
        ("English: Reason", "Full disks.", "Old disks."),
        ("Français: Reason", "–", "Usure."),
    }
    assert INLINE.search(text) is None
    assert MaintenanceWindow.objects.get().reason == "Full disks."


def test_pages_carry_nothing_that_the_policy_refuses():
    client = signed_in()
    campaign = drafted(client)
    for url in (
        "/admin/",
        LIST,
        LIST + "add/",
        page_of(campaign),
        "/admin/campaigns/playbook/",
        "/admin/accounts/user/preferences/",
    ):
        found = INLINE.search(client.get(url).content.decode())
        assert found is None, (url, found)


def test_viewer_may_look_and_not_write():
    campaign = drafted(signed_in())
    viewer = signed_in(username="vic", is_superuser=False)
    User.objects.get(username="vic").user_permissions.add(Permission.objects.get(codename="view_maintenancewindow"))
    assert viewer.get(page_of(campaign)).status_code == 200
    assert viewer.get(LIST + "add/").status_code == 403
    assert viewer.get(f"{LIST}{campaign.window_id}/do/release/").status_code == 403
