"""Starting work long before its planned start says first what becomes of the updates."""

from datetime import timedelta

import pytest

from apps.campaigns import services
from apps.campaigns.early_starts import early_start
from apps.campaigns.models import Anchor
from tests.factories import DAY, HOUR, NOW, make_channel, make_playbook, make_segment, make_step, make_window

from .admin_pages import deed_of, released, signed_in

pytestmark = pytest.mark.django_db


def campaign(*, starts_in=20 * DAY, **fields):
    """A window of four hours, with an update every two hours to two groups."""
    playbook = make_playbook()
    for _number in range(2):
        where = {"channel": make_channel(), "segment": make_segment()}
        make_step(playbook, key="during", anchor=Anchor.DURING, repeats_by_cadence=True, content_key="update", **where)
    window = make_window(starts_at=NOW + starts_in, **fields)
    return services.open_campaign(window, playbook=playbook, owner=None, actor=None, now=NOW)


def early(*, starts_in, **fields):
    found = campaign(starts_in=starts_in, **fields)
    found.released_at = NOW
    return early_start(found, now=NOW)


def test_start_many_days_early_says_how_many_updates_that_makes():
    found = early(starts_in=20 * DAY)
    assert (found.updates, found.planned) == (241, 1)
    assert "241 updates are planned for that time instead of 1." in found.sentence
    assert "The planned start is 20 days away." in found.sentence


def test_window_that_waits_for_a_person_counts_the_same():
    assert early(starts_in=20 * DAY, starts_automatically=False).updates == 241


@pytest.mark.parametrize("starts_in", [timedelta(0), timedelta(minutes=20), 6 * HOUR, -HOUR])
def test_start_at_about_its_time_is_no_matter(starts_in):
    assert early(starts_in=starts_in) is None


def test_page_of_the_start_says_it_and_leads_to_moving_the_window():
    client = signed_in()
    found = released(client)
    make_step(found.playbook, key="during", anchor=Anchor.DURING, repeats_by_cadence=True, content_key="update")
    text = client.get(deed_of(found, "start")).content.decode()
    assert "updates are planned for that time instead of" in text
    assert f'href="{deed_of(found, "reschedule")}"' in text
    assert "updates are planned" not in client.get(deed_of(found, "cancel")).content.decode()
