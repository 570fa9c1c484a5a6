from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth.models import Permission
from django.utils import timezone

from apps.accounts.models import User
from apps.campaigns import services
from apps.campaigns.matrix.table import name_of
from apps.campaigns.models import Campaign, HandMadeCell, Playbook, Touchpoint, TouchpointState
from apps.campaigns.planner import CellKey
from apps.channels.models import ChannelKind
from tests.factories import make_channel, make_contact, make_planner, make_segment

from .admin_pages import INLINE, LIST, deed_of, drafted, page_of, released, signed_in

pytestmark = pytest.mark.django_db


def matrix_of(campaign):
    return f"{LIST}{campaign.window_id}/matrix/"


def column_of(campaign):
    step = campaign.playbook.steps.first()
    return step.segment_id, step.channel_id


def form_of(page):
    """What a browser would send of the page as it stands."""
    matrix, data = page.context["matrix"], {"seen": page.context["seen"]}
    data["moment"] = [row.step_key for row in matrix.rows]
    data["column"] = [f"{column.key[0] or ''}.{column.key[1]}" for column in matrix.columns]
    data["on"] = [cell.name for cell in matrix.cells if cell.is_on]
    data["owner"] = [f"{cell.name}={cell.owner_id}" for cell in matrix.cells if cell.owner_id]
    data["own"], data["edited"] = ([one.value for one in page.context[name]] for name in ("added", "edited"))
    data["removed"] = [*page.context["removed"]]
    return data


def cell_in(page, name):
    return next(cell for cell in page.context["matrix"].cells if cell.name == name)


@pytest.fixture
def client():
    return signed_in()


@pytest.fixture
def draft(client):
    return drafted(client)


@pytest.fixture
def reminder(draft):
    return name_of(CellKey("t-7d", *column_of(draft)))


def test_page_shows_each_cell_with_its_time_its_people_and_its_owner(client, draft):
    Campaign.objects.update(owner=User.objects.get(username="ana"))
    text = client.get(matrix_of(draft)).content.decode()
    for words in ("−7 d", "before the start", "Paris time", " UTC<", "2 recipients", "1 English, 1 French", "Owner: ana"):
        assert words in text, words
    assert INLINE.search(text) is None


def test_look_shows_what_would_follow_and_writes_nothing(client, draft, reminder):
    data = form_of(client.get(matrix_of(draft)))
    data["on"].remove(reminder)
    look = client.post(matrix_of(draft), data | {"_look": "1"})
    assert "1 cell changes: 1 switched off." in look.content.decode()
    assert "taken out by hand" in look.content.decode()
    assert "<html" not in look.content.decode()
    assert not HandMadeCell.objects.exists()


def test_looking_counts_nobody_anew(client, draft, reminder):
    page = client.get(matrix_of(draft))
    make_contact(email="eve@example.org")
    data = form_of(page) | {"counts": page.context["counts"]}
    assert "2 recipients" in client.post(matrix_of(draft), data | {"_look": "1"}).content.decode()
    assert "3 recipients" in client.post(matrix_of(draft), data | {"_preview": "1"}).content.decode()


@pytest.mark.parametrize("counts", ["", "nonsense", "a:b:c"])
def test_counts_that_are_not_ours_are_made_anew(client, draft, counts):
    data = form_of(client.get(matrix_of(draft))) | {"counts": counts, "_look": "1"}
    assert "2 recipients" in client.post(matrix_of(draft), data).content.decode()


def test_counts_that_are_old_are_made_anew(client, draft):
    page = client.get(matrix_of(draft))
    make_contact(email="eve@example.org")
    data = form_of(page) | {"counts": page.context["counts"], "_look": "1"}
    with time_machine.travel(timezone.now() + timedelta(minutes=11)):
        assert "3 recipients" in client.post(matrix_of(draft), data).content.decode()


def test_save_makes_it_so_and_the_plan_says_by_hand(client, draft, reminder):
    data = form_of(client.get(matrix_of(draft)))
    data["on"].remove(reminder)
    answer = client.post(matrix_of(draft), data, follow=True)
    assert "1 cell of the plan was changed." in answer.content.decode()
    assert "by hand" in answer.content.decode()
    assert "A member of the team took it out of the plan." in answer.content.decode()


def test_saved_cells_hold_when_it_is_scheduled(client, draft, reminder):
    data = form_of(client.get(matrix_of(draft)))
    data["on"].remove(reminder)
    client.post(matrix_of(draft), data)
    services.release(draft, actor=None, now=timezone.now())
    assert Touchpoint.objects.get(step_key="t-7d").reason == "taken_out"


def test_preview_works_without_script_and_keeps_what_was_ticked(client, draft, reminder):
    data = form_of(client.get(matrix_of(draft)))
    data["on"].remove(reminder)
    page = client.post(matrix_of(draft), data | {"_preview": "1"})
    assert not cell_in(page, reminder).is_on
    assert cell_in(page, reminder).is_changed
    assert "<html" in page.content.decode()
    assert not HandMadeCell.objects.exists()


def test_column_is_added_and_switched_on(client, draft):
    sms, vip = make_channel(ChannelKind.SMS, name="SMS"), make_segment(name="VIP")
    make_contact(phone="+33612345678")
    data = form_of(client.get(matrix_of(draft)))
    page = client.post(matrix_of(draft), data | {"_add": "1", "add_channel": sms.pk, "add_segment": vip.pk})
    added = name_of(CellKey("t-7d", vip.pk, sms.pk))
    assert not cell_in(page, added).is_on
    data = form_of(page)
    data["on"].append(added)
    client.post(matrix_of(draft), data)
    cell = HandMadeCell.objects.get()
    assert (cell.step_key, cell.segment, cell.channel, cell.is_on) == ("t-7d", vip, sms, True)
    assert "switched on by hand" in client.get(matrix_of(draft)).content.decode()


def test_place_is_added_without_a_segment(client, draft):
    chat = make_channel(ChannelKind.CHAT, name="Chat")
    data = form_of(client.get(matrix_of(draft)))
    page = client.post(matrix_of(draft), data | {"_add": "1", "add_channel": chat.pk, "add_segment": make_segment().pk})
    assert page.context["matrix"].columns[-1].key == (None, chat.pk)


def test_owner_is_set_without_script_and_saved(client, draft, reminder):
    ben = make_planner(username="ben")
    data = form_of(client.get(matrix_of(draft)))
    page = client.post(matrix_of(draft), data | {"_owner": "1", "detail_cell": reminder, "detail_owner": ben.pk})
    assert cell_in(page, reminder).owner == "ben"
    client.post(matrix_of(draft), form_of(page))
    assert HandMadeCell.objects.get().owner == ben
    assert HandMadeCell.objects.get().is_on is None


def test_scheduled_campaign_says_what_saving_leads_to(client):
    campaign = released(client)
    data = form_of(client.get(matrix_of(campaign)))
    data["on"].remove(name_of(CellKey("t-7d", *column_of(campaign))))
    text = client.post(matrix_of(campaign), data | {"_look": "1"}).content.decode()
    assert "1 touchpoint is dropped." in text
    assert "A member of the team took it out of the plan." in text


def test_button_says_how_many_messages_leave_at_once(client):
    campaign = released(client)
    segment = make_segment()
    channel = column_of(campaign)[1]
    data = form_of(client.get(matrix_of(campaign)))
    data["column"].append(f"{segment.pk}.{channel}")
    data["on"].append(name_of(CellKey("announce", segment.pk, channel)))
    assert "Save, and send 2 messages now" in client.post(matrix_of(campaign), data | {"_look": "1"}).content.decode()


def test_what_was_sent_is_shown_as_sent_and_stays(client):
    campaign = released(client)
    now = timezone.now()
    Touchpoint.objects.filter(step_key="announce").update(state=TouchpointState.SENT, first_sent_at=now)
    announced = name_of(CellKey("announce", *column_of(campaign)))
    page = client.get(matrix_of(campaign))
    assert cell_in(page, announced).lock == "It has been sent."
    data = form_of(page)
    data["on"].remove(announced)
    assert cell_in(client.post(matrix_of(campaign), data | {"_look": "1"}), announced).is_on
    assert "can no longer be switched" in client.post(matrix_of(campaign), data).content.decode()


def test_edit_meanwhile_is_told_with_who_and_when(client, draft, reminder):
    data = form_of(client.get(matrix_of(draft)))
    ben = signed_in(username="ben")
    other = form_of(ben.get(matrix_of(draft)))
    other["on"].remove(reminder)
    ben.post(matrix_of(draft), other)
    text = client.post(matrix_of(draft), data).content.decode()
    assert "ben changed it since you opened this page" in text


def test_change_of_the_plan_voids_a_review_that_was_opened_before(client, draft, reminder):
    review = client.get(deed_of(draft, "release"))
    data = form_of(client.get(matrix_of(draft)))
    data["on"].remove(reminder)
    client.post(matrix_of(draft), data)
    answer = client.post(deed_of(draft, "release"), {"seen": review.context["seen"], "confirmed": "on"})
    assert "ana changed it since you opened this page" in answer.content.decode()
    assert Campaign.objects.get().released_at is None


def test_playbook_edited_meanwhile_is_told_too(client, draft, reminder):
    data = form_of(client.get(matrix_of(draft)))
    playbook = draft.playbook
    url = f"/admin/campaigns/playbook/{playbook.pk}/matrix/"
    other = form_of(client.get(url))
    other["on"].remove(reminder)
    client.post(url, other)
    assert "changed it since you opened this page" in client.post(matrix_of(draft), data).content.decode()


@pytest.mark.parametrize(
    "forged",
    [
        {"on": ["t-7d.99999.99999"]},
        {"on": ["../../etc", "t-7d..", "t-7d.1", "x" * 500, "t-7d.٣.٣", "t-7d.999999999999999.999999999999999"]},
        {"moment": ["gone"], "on": ["gone.1.1"]},
        {"column": ["999999999999999999999.1", "a.b", "1.", ".1", "999999999999999.999999999999999"]},
        {"owner": ["t-7d.1.1=999999999999999", "t-7d.1.1=x", "=", "t-7d"]},
        {"detail_cell": "nonsense", "detail_owner": "nonsense", "_owner": "1"},
        {"_add": "1", "add_channel": "nonsense", "add_segment": "-1"},
        {"_add": "1", "add_channel": "9" * 400, "add_segment": "9" * 400},
        {"_add": "1"},
    ],
)
def test_forged_posts_write_nothing_and_break_nothing(client, draft, forged):
    data = form_of(client.get(matrix_of(draft)))
    data |= {name: [*data.get(name, []), *value] if isinstance(value, list) else value for name, value in forged.items()}
    assert client.post(matrix_of(draft), data).status_code in (200, 302)
    assert not HandMadeCell.objects.exists()


def test_person_who_is_no_planner_cannot_be_made_an_owner(client, draft, reminder):
    stranger = User.objects.create_user("cem")
    data = form_of(client.get(matrix_of(draft)))
    client.post(matrix_of(draft), data | {"owner": [f"{reminder}={stranger.pk}"]})
    assert not HandMadeCell.objects.exists()


def test_looking_is_not_enough_to_change_the_plan(draft):
    viewer = signed_in(username="ben", is_superuser=False)
    viewer_user = User.objects.get(username="ben")
    viewer_user.user_permissions.add(Permission.objects.get(codename="view_maintenancewindow"))
    assert viewer.get(matrix_of(draft)).status_code == 403
    assert viewer.post(matrix_of(draft), {}).status_code == 403
    assert viewer.get(f"/admin/campaigns/playbook/{draft.playbook_id}/matrix/").status_code == 403


def test_cancelled_window_sends_back_to_its_page(client):
    campaign = released(client)
    services.cancel(campaign, reason="", actor=None, now=timezone.now())
    answer = client.get(matrix_of(campaign))
    assert answer.url == page_of(campaign)


def test_matrix_speaks_french(draft):
    text = signed_in(username="ben", language="fr").get(matrix_of(draft)).content.decode()
    assert "−7 j" in text


def test_pages_ask_a_fixed_number_of_queries(client, django_assert_max_num_queries):
    campaign = released(client)
    for number in range(30):
        step = campaign.playbook.steps.get(key="t-7d")
        step.pk, step.key, step.offset_days = None, f"t-{number}", -number
        step.save()
    services.replan(campaign, now=timezone.now())
    with django_assert_max_num_queries(32):
        client.get(matrix_of(campaign))


def test_moved_window_keeps_the_cells_made_by_hand(client, reminder, draft):
    data = form_of(client.get(matrix_of(draft)))
    data["on"].remove(reminder)
    client.post(matrix_of(draft), data)
    services.release(draft, actor=None, now=timezone.now())
    campaign = Campaign.objects.select_related("window").get()
    start = campaign.window.starts_at + timedelta(days=3)
    services.reschedule(
        campaign, starts_at=start, ends_at=start + timedelta(hours=2), reason="Late.", actor=None, now=timezone.now()
    )
    text = client.get(page_of(campaign)).content.decode()
    assert "by hand" in text
    assert Touchpoint.objects.get(step_key="t-7d").reason == "taken_out"


class TestPlaybook:
    def page(self, playbook):
        return f"/admin/campaigns/playbook/{playbook.pk}/matrix/"

    def test_is_the_same_matrix_without_times(self, client, draft):
        text = client.get(self.page(draft.playbook)).content.decode()
        assert "−7 d" in text
        assert "2 recipients" in text
        assert "Paris time" not in text
        assert INLINE.search(text) is None

    def test_step_is_taken_away_and_added(self, client, draft, reminder):
        vip = make_segment(name="VIP")
        channel = column_of(draft)[1]
        data = form_of(client.get(self.page(draft.playbook)))
        data["column"].append(f"{vip.pk}.{channel}")
        data["on"].append(name_of(CellKey("t-7d", vip.pk, channel)))
        client.post(self.page(draft.playbook), data)
        assert draft.playbook.steps.get(segment=vip).key == "t-7d"
        data = form_of(client.get(self.page(draft.playbook)))
        data["on"].remove(reminder)
        client.post(self.page(draft.playbook), data)
        assert not draft.playbook.steps.filter(key="t-7d").exclude(segment=vip).exists()

    def test_owner_of_a_step_stands_beside_it_and_can_be_taken_away(self, client, draft, reminder):
        ben = make_planner(username="ben")
        draft.playbook.steps.filter(key="t-7d").update(owner=ben)
        page = client.get(self.page(draft.playbook))
        assert cell_in(page, reminder).owner == "ben"
        client.post(self.page(draft.playbook), form_of(page) | {"owner": []})
        assert draft.playbook.steps.get(key="t-7d").owner is None

    def test_form_leads_to_it(self, client, draft):
        text = client.get(f"/admin/campaigns/playbook/{draft.playbook_id}/change/").content.decode()
        assert self.page(draft.playbook) in text

    def test_empty_one_names_the_next_step(self, client):
        playbook = Playbook.objects.create(name="Empty", slug="empty")
        assert "Add its first step" in client.get(self.page(playbook)).content.decode()
