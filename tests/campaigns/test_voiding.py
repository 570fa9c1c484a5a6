"""The matrix says before saving that it takes an approval away."""

import pytest
from django.utils import timezone

from apps.campaigns import services
from apps.campaigns.models import Approval, ApprovalState, Campaign
from tests.accounts.people import client_of

from .test_admin_approval import Cast, answer, ask
from .test_admin_matrix import form_of, matrix_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast():
    return Cast()


@pytest.fixture
def approved(cast):
    campaign = cast.campaign()
    ask(cast, campaign)
    answer(cast.ben, campaign)
    return Campaign.objects.select_related("window").get()


def opened(cast, campaign):
    client = client_of(cast.ana)
    return client, form_of(client.get(matrix_of(campaign)))


def look(cast, campaign, *, switched_off=True, **typed):
    client, data = opened(cast, campaign)
    if switched_off:
        data["on"].pop()
    return client.post(matrix_of(campaign), data | {"_look": "1", **typed}).content.decode()


def test_whose_approval_and_of_when_is_said_before_a_cell_is_saved(cast, approved):
    text = look(cast, approved)
    assert "Saving takes away the approval by Ben (" in text
    assert f"{timezone.now():%Y}" in text.partition("approval by Ben (")[2][:60]
    assert "it has to be approved anew before it can be scheduled." in text
    assert Approval.objects.get().state == ApprovalState.APPROVED


def test_added_moment_takes_it_away_too(cast, approved):
    moment = {"_add_moment": "1", "moment-distance": "3 d", "moment-when": "before_start", "moment-says": "like:t-7d"}
    assert "Saving takes away the approval by Ben" in look(cast, approved, switched_off=False, **moment)


def test_nothing_is_said_while_nothing_changes_or_only_an_owner(cast, approved):
    assert "takes away the approval" not in look(cast, approved, switched_off=False)
    _client, data = opened(cast, approved)
    owner = {"owner": [f"{data['on'][0]}={cast.ben.pk}"]}
    assert "takes away the approval" not in look(cast, approved, switched_off=False, **owner)


def test_after_the_release_it_says_that_nothing_more_leaves(cast, approved):
    services.release(approved, actor=cast.ana, now=timezone.now())
    client, data = opened(cast, approved)
    data["on"] = [name for name in data["on"] if not name.startswith("t-7d")]
    text = client.post(matrix_of(approved), data | {"_look": "1"}).content.decode()
    assert "nothing more of it leaves until it is approved anew." in text
    client.post(matrix_of(approved), data)
    assert Approval.objects.get().state == ApprovalState.VOID


def test_approval_that_was_lost_before_is_not_taken_away_again(cast, approved):
    client, data = opened(cast, approved)
    data["on"].pop()
    client.post(matrix_of(approved), data)
    assert "takes away the approval" not in look(cast, approved)


def test_approval_that_nobody_asks_for_is_named_without_more(cast, approved):
    Campaign.objects.update(requires_approval=False)
    text = look(cast, approved)
    assert "Saving takes away the approval by Ben (" in text
    assert "anew" not in text
