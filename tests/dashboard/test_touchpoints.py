from datetime import timedelta

import pytest

from apps.campaigns.models import Anchor
from apps.dashboard.metrics.touchpoints import touchpoint_figures
from tests.factories import NOW, make_campaign, make_channel, make_playbook, make_step, make_touchpoint

from .stories import sent_touchpoint, settle

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)


def figures_of(touchpoint, **options):
    rows = touchpoint_figures(touchpoint.campaign, language="en", **options)
    return next(row for row in rows if row.id == touchpoint.pk)


def test_counts_are_by_state_and_superseded_ones_are_no_target():
    touchpoint = sent_touchpoint(make_campaign())
    for state, number in (("sent", 3), ("failed", 2), ("in_doubt", 1), ("suppressed", 1), ("superseded", 4)):
        settle(touchpoint, state, number=number)
    row = figures_of(touchpoint)
    assert (row.targeted, row.handed_over, row.sent, row.failed, row.in_doubt, row.left_out) == (7, 6, 3, 2, 1, 1)


def test_lateness_is_first_mark_after_due():
    assert figures_of(sent_touchpoint(make_campaign(), late=3 * SECOND)).late_by == 3 * SECOND


def test_touchpoint_planned_anew_after_its_first_mark_is_not_early():
    touchpoint = sent_touchpoint(make_campaign(), late=-3600 * SECOND)
    assert figures_of(touchpoint).late_by is None


@pytest.mark.parametrize(("late", "is_late"), [(60, False), (61, True)])
def test_over_a_minute_is_late(late, is_late):
    assert figures_of(sent_touchpoint(make_campaign(), late=late * SECOND)).is_late is is_late


def test_median_and_most_of_the_deliveries():
    touchpoint = sent_touchpoint(make_campaign())
    for seconds, number in ((1, 3), (5, 1), (90, 1)):
        settle(touchpoint, number=number, late=seconds * SECOND)
    lateness = figures_of(touchpoint, with_lateness=True).lateness
    assert (lateness.median, lateness.most) == (SECOND, 90 * SECOND)


def test_lateness_is_exact_within_a_second():
    touchpoint = sent_touchpoint(make_campaign())
    settle(touchpoint, late=timedelta(milliseconds=180))
    assert figures_of(touchpoint, with_lateness=True).lateness.median == timedelta(milliseconds=180)


def test_deliveries_of_an_older_revision_say_nothing_of_the_new_time():
    touchpoint = sent_touchpoint(make_campaign(), revision=2)
    settle(touchpoint, late=timedelta(days=3), revision=1)
    assert figures_of(touchpoint, with_lateness=True).lateness is None


@pytest.mark.parametrize(
    ("anchor", "days", "offset", "expected"),
    [
        (Anchor.ANNOUNCE, 0, timedelta(0), "Announcement"),
        (Anchor.START, -7, timedelta(0), "−7 d"),
        (Anchor.START, 0, -timedelta(hours=1), "−1 h"),
        (Anchor.START, 0, timedelta(0), "Start"),
        (Anchor.DURING, 0, timedelta(0), "Update 2"),
        (Anchor.ACTUAL_END, 0, timedelta(hours=24), "Completion +24 h"),
    ],
)
def test_moments_read_as_planners_say_them(anchor, days, offset, expected):
    step = make_step(make_playbook(), key="k", anchor=anchor, offset_days=days, offset=offset)
    touchpoint = make_touchpoint(step=step, step_key="k", occurrence=1)
    assert figures_of(touchpoint).moment == expected


def test_corrections_name_the_revision_and_lost_steps_their_key():
    assert figures_of(make_touchpoint(step_key="correction", occurrence=3)).moment == "Correction (revision 3)"
    assert figures_of(make_touchpoint(step_key="t-3d")).moment == "t-3d"


def test_reasons_are_sentences():
    touchpoint = make_touchpoint(state="missed", reason="not_sent_in_time", due_at=NOW)
    assert figures_of(touchpoint).reason == "It could not be sent while it was of use."


def test_broadcasts_are_known_as_such():
    assert figures_of(make_touchpoint(channel=make_channel("chat"))).is_broadcast
