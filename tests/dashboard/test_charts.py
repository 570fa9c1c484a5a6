from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pytest

from apps.dashboard.charts import svg
from apps.dashboard.charts.axis import count_ticks, hour_ticks
from apps.dashboard.charts.funnel import funnel_chart
from apps.dashboard.charts.hours import hours_chart
from apps.dashboard.charts.timeline import timeline_chart
from apps.dashboard.metrics.review import review
from tests.factories import NOW, make_campaign

from .stories import (
    HOUR,
    finished_campaign,
    happened,
    help_desk,
    running_campaign,
    sent_touchpoint,
    settle,
    tickets,
    usual_tickets,
)

NAMESPACE = "{http://www.w3.org/2000/svg}"


def parsed(chart):
    return ElementTree.fromstring(chart)


def test_text_is_escaped():
    drawing = svg.chart("x", svg.text(0, 0, "<b>&"), width=1, height=1, title='"<', description="")
    assert [node.text for node in parsed(drawing).iter(f"{NAMESPACE}text")] == ["<b>&"]


@pytest.mark.parametrize(
    ("highest", "expected"), [(0, [0, 1]), (3, [0, 1, 2, 3]), (17, [0, 5, 10, 15, 20]), (260, [0, 100, 200, 300])]
)
def test_count_ticks_are_round_and_reach_the_top(highest, expected):
    assert count_ticks(highest) == expected


def test_hour_ticks_stand_on_the_zone_s_clock_across_a_change():
    start = datetime(2026, 3, 28, 12, tzinfo=UTC)
    zone = ZoneInfo("Europe/Paris")
    ticks = hour_ticks(start, start + timedelta(hours=30), zone)
    assert [tick.astimezone(zone).hour for tick in ticks] == [18, 0, 6, 12, 18]


@pytest.mark.django_db
@pytest.mark.parametrize("campaign", [finished_campaign, running_campaign, make_campaign])
def test_charts_are_drawings_with_a_title_and_without_inline_style(campaign):
    campaign = campaign()
    (delivery,) = settle(sent_touchpoint(campaign, due_at=NOW - 2 * HOUR))
    happened(delivery, "opened", "human")
    desk = help_desk()
    usual_tickets(desk, NOW - 2 * HOUR, per_hour=2)
    tickets(desk, NOW - 2 * HOUR)
    figures = review(campaign, now=NOW, language="en")
    for chart in (
        timeline_chart(figures.schedule, figures.touchpoints, now=NOW),
        funnel_chart(figures.funnel.stages),
        hours_chart(figures.tickets, time_zone="Europe/Paris"),
    ):
        drawing = parsed(chart)
        assert drawing.get("role") == "img"
        assert drawing.find(f"{NAMESPACE}title").text
        assert drawing.find(f"{NAMESPACE}desc").text
        assert not any("style" in node.attrib for node in drawing.iter())


@pytest.mark.django_db
def test_unknown_step_has_no_bar():
    campaign = finished_campaign()
    settle(sent_touchpoint(campaign))
    drawing = parsed(funnel_chart(review(campaign, now=NOW, language="en").funnel.stages))
    classes = [node.get("class") for node in drawing.iter(f"{NAMESPACE}rect")]
    assert "bar bar-accepted" in classes
    assert "bar bar-delivered" not in classes
    assert "track track-unknown" in classes
