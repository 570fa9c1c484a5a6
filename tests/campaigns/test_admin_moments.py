"""The matrix adds a moment that the playbook lacks, and takes it away again."""

import pytest

from apps.campaigns.matrix.table import name_of
from apps.campaigns.models import OWN_KEY, Step, TouchpointState
from apps.campaigns.planner import CellKey
from tests.factories import NOW, make_segment, make_template

from .admin_pages import drafted, released, signed_in
from .test_admin_matrix import column_of, form_of, matrix_of

pytestmark = pytest.mark.django_db
CREW_CALL = {
    "moment-distance": "3 d",
    "moment-when": "before_start",
    "moment-says": "like:t-7d",
    "moment-label": "Crew call",
    "_add_moment": "1",
}
KEY = f"{OWN_KEY}crew-call"


@pytest.fixture
def client():
    return signed_in()


@pytest.fixture
def draft(client):
    return drafted(client)


def add(client, campaign, **typed):
    return client.post(matrix_of(campaign), form_of(client.get(matrix_of(campaign))) | CREW_CALL | typed)


def save(client, campaign, page, **typed):
    return client.post(matrix_of(campaign), form_of(page) | typed)


def row_of(page, key=KEY):
    return next(row for row in page.context["matrix"].rows if row.step_key == key)


def test_added_moment_is_shown_with_its_time_before_anything_is_saved(client, draft):
    page = add(client, draft)
    row = row_of(page)
    assert (row.words, row.is_new) == ("Crew call: −3 d before the start", True)
    assert "02:00" in row.time
    assert [cell.is_on for cell in row.cells] == [True]
    assert page.context["matrix"].summary == "1 moment is added. 1 cell changes: 1 switched on."
    assert not Step.objects.filter(campaign=draft).exists()


def test_it_is_saved_and_says_that_it_was_added_by_hand(client, draft):
    save(client, draft, add(client, draft))
    page = client.get(matrix_of(draft))
    assert row_of(page).words == "Crew call: −3 d before the start"
    assert "added by hand, for this campaign alone" in page.content.decode()


def test_its_cells_are_switched_before_it_is_saved(client, draft):
    vip = make_segment(name="VIP")
    channel = column_of(draft)[1]
    data = form_of(add(client, draft)) | {"column": ["{}.{}".format(*column_of(draft)), f"{vip.pk}.{channel}"]}
    data["on"] = [name for name in data["on"] if not name.startswith(KEY)] + [name_of(CellKey(KEY, vip.pk, channel))]
    client.post(matrix_of(draft), data)
    assert Step.objects.get(campaign=draft).segment == vip


def test_one_without_cells_is_refused_and_stays_on_the_page(client, draft):
    data = form_of(add(client, draft))
    data["on"] = [name for name in data["on"] if not name.startswith(KEY)]
    page = client.post(matrix_of(draft), data)
    assert "says nothing to anybody yet" in page.content.decode()
    assert row_of(page).is_new
    assert "02:00" in row_of(page).time


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ({"moment-distance": ""}, "Say how long before or after"),
        ({"moment-distance": "soon"}, "“soon” is not understood as an offset"),
        ({"moment-distance": "-3 d", "moment-when": "after_start"}, "Write it without a sign"),
        ({"moment-distance": "1 d -2 h"}, "Write it without a sign"),
        ({"moment-says": "like:gone"}, "Select a valid choice"),
    ],
)
def test_what_cannot_be_added_is_explained_and_keeps_what_was_typed(client, draft, typed, problem):
    page = add(client, draft, **typed)
    text = page.content.decode()
    assert problem in text
    assert 'value="Crew call"' in text
    assert all(row.step_key != KEY for row in page.context["matrix"].rows)


def test_script_gets_the_fields_with_what_is_wrong(client, draft):
    answer = add(client, draft, **{"moment-distance": "", "_look": "1"})
    text = answer.content.decode()
    assert "Say how long before or after" in text
    assert "data-held" not in text


@pytest.mark.parametrize(
    ("when", "words"),
    [
        ("after_start", "+2 h after the start"),
        ("before_end", "−2 h before the planned end"),
        ("after_end", "+2 h after the planned end"),
        ("after_completion", "+2 h after the completion"),
    ],
)
def test_it_can_be_tied_to_each_end_of_the_work(client, draft, when, words):
    page = add(client, draft, **{"moment-distance": "2 h", "moment-when": when, "moment-label": ""})
    assert words in [row.words for row in page.context["matrix"].rows]


def test_text_that_no_step_uses_can_be_said(client, draft):
    make_template(content_key="crew-briefing")
    page = add(client, draft, **{"moment-says": "text:crew-briefing"})
    assert not any(cell.is_on for cell in row_of(page).cells)
    data = form_of(page)
    data["on"].append(name_of(CellKey(KEY, *column_of(draft))))
    client.post(matrix_of(draft), data)
    assert Step.objects.get(campaign=draft).content_key == "crew-briefing"


def test_two_of_the_same_name_are_two_moments(client, draft):
    save(client, draft, add(client, draft))
    save(client, draft, add(client, draft, **{"moment-distance": "2 d"}))
    assert {step.key for step in draft.own_steps.all()} == {KEY, f"{KEY}-2"}


def test_it_is_taken_away_before_and_after_it_was_saved(client, draft):
    page = client.post(matrix_of(draft), form_of(add(client, draft)) | {"_remove": KEY})
    assert page.context["matrix"].summary == "Nothing has been changed."
    save(client, draft, add(client, draft))
    page = client.post(matrix_of(draft), form_of(client.get(matrix_of(draft))) | {"_remove": KEY})
    assert page.context["matrix"].summary == "1 moment is taken away."
    save(client, draft, page)
    assert KEY not in {row.step_key for row in client.get(matrix_of(draft)).context["matrix"].rows}


def test_one_that_is_like_one_that_is_taken_away_keeps_its_text(client, draft):
    save(client, draft, add(client, draft))
    again = {"moment-says": f"like:{KEY}", "moment-label": "Second call", "moment-distance": "2 d"}
    page = client.post(matrix_of(draft), form_of(add(client, draft, **again)) | {"_remove": KEY})
    save(client, draft, page)
    assert [step.content_key for step in draft.own_steps.filter(removed_at=None)] == ["reminder-7d"]


def test_one_that_has_left_offers_no_taking_away(client):
    campaign = released(client)
    save(client, campaign, add(client, campaign))
    campaign.touchpoints.filter(step_key=KEY).update(state=TouchpointState.SENT, first_sent_at=NOW)
    page = client.get(matrix_of(campaign))
    assert row_of(page).stays
    assert f'value="{KEY}" data-remove' not in page.content.decode()
    forged = client.post(matrix_of(campaign), form_of(page) | {"removed": [KEY]})
    assert "can no longer be taken away" in forged.content.decode()


def test_scheduled_campaign_says_what_it_adds(client):
    campaign = released(client)
    text = add(client, campaign, **{"_look": "1"}).content.decode()
    assert "1 touchpoint is added." in text
    assert "Crew call: −3 d" in text


@pytest.mark.parametrize(
    "forged",
    [
        {"own": ["key=t-7d&distance=3+d&when=before_start&says=like:t-7d"]},
        {"own": ["key=by-hand-x&distance=nonsense&when=never", "%%%", "x" * 5000, "key=by-hand-x"]},
        {"removed": ["t-7d", "gone"]},
        {"_remove": "t-7d"},
        {"_add_moment": "1"},
    ],
)
def test_forged_moments_write_nothing_and_break_nothing(client, draft, forged):
    data = form_of(client.get(matrix_of(draft))) | forged
    assert client.post(matrix_of(draft), data).status_code in (200, 302)
    assert client.post(matrix_of(draft), data | {"_save": "1"}).status_code in (200, 302)
    assert not Step.objects.filter(campaign=draft).exists()
    assert draft.playbook.steps.count() == 2


def test_playbook_takes_no_moment_of_one_campaign(client, draft):
    address = f"/admin/campaigns/playbook/{draft.playbook_id}/matrix/"
    page = client.get(address)
    assert "Add a moment" not in page.content.decode()
    assert client.post(address, form_of(page) | CREW_CALL).status_code == 200
    assert draft.playbook.steps.count() == 2


class TestEditing:
    """A moment of one campaign, by the form that adds it: what is typed is shown before it is saved."""

    @pytest.fixture
    def saved(self, client, draft):
        save(client, draft, add(client, draft))
        return draft

    def to_edit(self, client, campaign, page=None, **typed):
        page = page or client.get(matrix_of(campaign))
        return client.post(matrix_of(campaign), form_of(page) | {"_edit": KEY} | typed)

    def edit(self, client, campaign, page=None, **typed):
        """Takes on the form as it is opened, with what is `typed` over it."""
        page = self.to_edit(client, campaign, page)
        form = page.context["moment_form"]
        values = {f"moment-{field.name}": field.value() or "" for field in form}
        return client.post(matrix_of(campaign), form_of(page) | values | typed | {"_add_moment": "1"})

    def test_form_is_filled_with_what_is_saved(self, client, saved):
        form = self.to_edit(client, saved).context["moment_form"]
        values = {field.name: field.value() for field in form}
        assert values == {
            "key": KEY,
            "distance": "3 d",
            "when": "before_start",
            "says": "",
            "urgency": "routine",
            "label": "Crew call",
        }

    def test_script_gets_the_filled_fields_alone(self, client, saved):
        text = self.to_edit(client, saved, _look="1").content.decode()
        assert 'value="Crew call"' in text
        assert "Apply the edit" in text
        assert "data-held" not in text

    def test_page_without_script_has_the_form_open(self, client, saved):
        assert "data-moment open" in self.to_edit(client, saved).content.decode()
        assert "data-moment open" not in client.get(matrix_of(saved)).content.decode()

    def test_edit_is_shown_with_its_time_before_anything_is_saved(self, client, saved):
        page = self.edit(client, saved, **{"moment-distance": "2 d", "moment-label": "Crew", "moment-urgency": "urgent"})
        row = row_of(page)
        assert (row.words, row.is_edited, row.is_urgent, row.is_new) == ("Crew: −2 d before the start", True, True, False)
        assert page.context["matrix"].summary == "1 moment is edited."
        assert Step.objects.get(campaign=saved).offset_days == -3

    def test_edit_is_saved_in_place(self, client, saved):
        before = Step.objects.get(campaign=saved)
        typed = {"moment-distance": "90 min", "moment-when": "after_end", "moment-label": "", "moment-urgency": "urgent"}
        save(client, saved, self.edit(client, saved, **typed))
        after = Step.objects.get(campaign=saved)
        assert (after.pk, after.key, after.segment, after.content_key) == (before.pk, KEY, before.segment, "reminder-7d")
        assert (after.anchor, after.offset.total_seconds(), after.label, after.urgency) == ("end", 5400, "", "urgent")

    def test_what_it_says_can_become_another_text(self, client, saved):
        make_template(content_key="crew-briefing")
        save(client, saved, self.edit(client, saved, **{"moment-says": "text:crew-briefing"}))
        assert Step.objects.get(campaign=saved).content_key == "crew-briefing"

    def test_taking_on_what_it_is_already_changes_nothing(self, client, saved):
        page = self.edit(client, saved)
        assert page.context["matrix"].summary == "Nothing has been changed."
        assert "Nothing was to be changed" in client.post(matrix_of(saved), form_of(page), follow=True).content.decode()

    def test_edit_can_be_edited_again_and_taken_back(self, client, saved):
        once = self.edit(client, saved, **{"moment-distance": "2 d"})
        assert self.to_edit(client, saved, once).context["moment_form"]["distance"].value() == "2 d"
        back = self.edit(client, saved, once, **{"moment-distance": "3 d"})
        assert back.context["matrix"].summary == "Nothing has been changed."

    def test_moment_that_is_not_saved_yet_is_edited_too(self, client, draft):
        page = self.edit(client, draft, add(client, draft), **{"moment-distance": "2 d"})
        assert row_of(page).words == "Crew call: −2 d before the start"
        assert page.context["matrix"].summary == "1 moment is added. 1 cell changes: 1 switched on."
        save(client, draft, page)
        assert Step.objects.get(campaign=draft).offset_days == -2

    def test_its_cells_are_switched_in_the_same_breath(self, client, saved):
        data = form_of(self.edit(client, saved, **{"moment-distance": "2 d"}))
        data["on"] = [name for name in data["on"] if not name.startswith(KEY)]
        page = client.post(matrix_of(saved), data | {"_look": "1"})
        assert page.context["matrix"].summary == "1 moment is edited. 1 cell changes: 1 switched off."

    def test_what_cannot_be_is_explained_and_keeps_what_was_typed(self, client, saved):
        page = self.edit(client, saved, **{"moment-distance": "soon"})
        text = page.content.decode()
        assert "“soon” is not understood as an offset" in text
        assert "Apply the edit" in text
        assert row_of(page).words == "Crew call: −3 d before the start"

    def test_one_that_has_left_is_not_offered_and_refused(self, client):
        campaign = released(client)
        save(client, campaign, add(client, campaign))
        page = self.edit(client, campaign, **{"moment-distance": "2 d"})
        campaign.touchpoints.filter(step_key=KEY).update(state=TouchpointState.SENT, first_sent_at=NOW)
        assert f'value="{KEY}" data-edit' not in client.get(matrix_of(campaign)).content.decode()
        refused = client.post(matrix_of(campaign), form_of(page)).content.decode()
        assert "“Crew call: −3 d before the start” can no longer be edited" in refused
        assert Step.objects.get(campaign=campaign).offset_days == -3

    def test_scheduled_campaign_says_what_moves(self, client):
        campaign = released(client)
        save(client, campaign, add(client, campaign))
        page = self.edit(client, campaign, **{"moment-distance": "2 d"})
        assert "1 touchpoint moves." in page.content.decode()

    def test_taking_it_away_forgets_the_edit(self, client, saved):
        page = self.edit(client, saved, **{"moment-distance": "2 d"})
        page = client.post(matrix_of(saved), form_of(page) | {"_remove": KEY})
        assert page.context["matrix"].summary == "1 moment is taken away."
        save(client, saved, page)
        assert Step.objects.get(campaign=saved).offset_days == -3

    @pytest.mark.parametrize(
        "forged",
        [
            {"edited": ["key=t-7d&distance=1+d&when=before_start&says=&urgency=routine"]},
            {"edited": [f"key={KEY}&distance=1+d&when=never&urgency=routine"]},
            {"edited": ["%%%", "x" * 5000, f"key={KEY}"]},
            {"_edit": "t-7d"},
            {"_edit": "gone"},
            {"_add_moment": "1", "moment-key": "t-7d", "moment-distance": "1 d", "moment-when": "before_start"},
        ],
    )
    def test_forged_edits_write_nothing_and_break_nothing(self, client, saved, forged):
        data = form_of(client.get(matrix_of(saved))) | forged
        assert client.post(matrix_of(saved), data).status_code in (200, 302)
        assert client.post(matrix_of(saved), data | {"_save": "1"}).status_code in (200, 302)
        assert [step.offset_days for step in saved.playbook.steps.order_by("position")] == [0, -7]
        assert Step.objects.get(campaign=saved).offset_days == -3


def test_urgency_can_be_given_when_it_is_added(client, draft):
    page = add(client, draft, **{"moment-urgency": "urgent"})
    assert row_of(page).is_urgent
    save(client, draft, page)
    assert Step.objects.get(campaign=draft).urgency == "urgent"
