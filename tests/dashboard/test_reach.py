"""Who has seen what: engagement, funnel, failures and groups."""

import pytest

from apps.dashboard.metrics.engagement import Level, engagement
from apps.dashboard.metrics.failures import failures
from apps.dashboard.metrics.funnel import FunnelStep, funnel
from apps.dashboard.metrics.groups import Group, ticket_groups
from apps.dashboard.metrics.touchpoints import touchpoint_figures
from apps.dashboard.stats import Rate
from tests.factories import NOW, make_campaign, make_channel, make_contact

from .stories import HOUR, happened, help_desk, sent_touchpoint, settle, tickets

pytestmark = pytest.mark.django_db


def funnel_of(campaign):
    figures = touchpoint_figures(campaign, language="en")
    ids = [row.id for row in figures]
    return funnel(figures, engagement(ids), bounced=failures(ids).bounced)


def stage(campaign, step):
    return next(each for each in funnel_of(campaign).stages if each.step == step)


@pytest.mark.parametrize(
    ("events", "level"),
    [
        ([], None),
        ([("delivered", "")], Level.NOTHING),
        ([("opened", "machine")], Level.MACHINE),
        ([("clicked", "machine")], Level.MACHINE),
        ([("opened", "machine"), ("opened", "prefetch")], Level.PREFETCH),
        ([("opened", "prefetch"), ("opened", "unknown")], Level.UNDECIDED),
        ([("opened", "machine"), ("opened", "human")], Level.OPENED),
        ([("clicked", "human"), ("opened", "machine")], Level.CLICKED),
    ],
)
def test_the_best_sign_decides_the_level(events, level):
    touchpoint = sent_touchpoint(make_campaign())
    (delivery,) = settle(touchpoint)
    for type_, verdict in events:
        happened(delivery, type_, verdict)
    assert list(engagement([touchpoint.pk]).of(touchpoint.pk).levels) == ([] if level is None else [level])


def test_repeated_opens_count_once():
    touchpoint = sent_touchpoint(make_campaign())
    (delivery,) = settle(touchpoint)
    for _ in range(3):
        happened(delivery, "opened", "human")
    assert engagement([touchpoint.pk]).of(touchpoint.pk).at_least(Level.OPENED) == 1


def test_what_bounced_was_seen_by_nobody():
    touchpoint = sent_touchpoint(make_campaign())
    (delivery,) = settle(touchpoint, "failed", reason="bounced")
    happened(delivery, "opened", "human")
    assert engagement([touchpoint.pk]).touchpoints == {}


def test_a_person_counts_once_over_all_touchpoints():
    campaign, contact = make_campaign(), make_contact(organisation="Org")
    first, second = sent_touchpoint(campaign), sent_touchpoint(campaign)
    happened(settle(first, contact=contact)[0], "opened", "human")
    happened(settle(second, contact=contact)[0], "clicked", "human")
    seen = engagement([first.pk, second.pk])
    assert (seen.people.levels, seen.organisations.levels) == ({Level.CLICKED: 1}, {Level.CLICKED: 1})


def test_one_reader_reaches_an_organisation_and_colleagues_are_none():
    touchpoint = sent_touchpoint(make_campaign())
    for organisation, internal in (("Org", False), ("Org", False), ("Us", True), ("", False)):
        (delivery,) = settle(touchpoint, contact=make_contact(organisation=organisation, is_internal=internal))
        happened(delivery, "opened", "human")
    assert engagement([touchpoint.pk]).organisations.at_least(Level.OPENED) == 1


def test_told_counts_people_customers_and_their_organisations():
    touchpoint = sent_touchpoint(make_campaign())
    settle(touchpoint, contact=make_contact(organisation="Org"))
    settle(touchpoint, "in_doubt", contact=make_contact(organisation="Org"))
    settle(touchpoint, contact=make_contact(organisation="Us", is_internal=True))
    settle(touchpoint, "failed", contact=make_contact(organisation="Lost"))
    people = engagement([touchpoint.pk]).told
    assert (people.people, people.customers, people.organisations) == (3, 2, 1)


def test_funnel_counts_each_step_of_the_one_before():
    campaign = make_campaign()
    touchpoint = sent_touchpoint(campaign)
    sent = settle(touchpoint, number=6)
    settle(touchpoint, "failed", number=1, reason="refused")
    settle(touchpoint, "failed", number=1, reason="bounced")
    settle(touchpoint, "suppressed", number=2)
    for delivery in sent[:3]:
        happened(delivery, "opened", "human")
    happened(sent[0], "clicked", "human")
    happened(sent[5], "opened", "machine")
    result = funnel_of(campaign)
    assert [(each.step.value, each.count, each.rate and each.rate.n) for each in result.stages] == [
        ("targeted", 10, 10),
        ("handed_over", 8, 10),
        ("accepted", 7, 8),
        ("delivered", 0, None),
        ("opened", 3, 7),
        ("clicked", 1, 7),
    ]
    assert (result.machine, result.prefetch, result.undecided) == (1, 0, 0)


def test_delivered_is_unknown_until_a_channel_tells():
    campaign = make_campaign()
    sent = settle(sent_touchpoint(campaign), number=2)
    assert stage(campaign, FunnelStep.DELIVERED).rate is None
    happened(sent[0], "delivered")
    assert stage(campaign, FunnelStep.DELIVERED).rate == Rate(count=1, n=2)


def test_text_messages_are_not_measurable_rather_than_unseen():
    campaign = make_campaign()
    touchpoint = sent_touchpoint(campaign, channel=make_channel("sms"))
    settle(touchpoint, number=4)
    result = funnel_of(campaign)
    assert result.opens[touchpoint.pk].people is None
    assert stage(campaign, FunnelStep.OPENED).rate is None


def test_opens_are_of_those_messages_that_can_show_them():
    campaign = make_campaign()
    settle(sent_touchpoint(campaign, channel=make_channel("sms")), number=4)
    sent = settle(sent_touchpoint(campaign), number=2)
    happened(sent[0], "opened", "human")
    assert stage(campaign, FunnelStep.OPENED).rate == Rate(count=1, n=2)


def test_posts_to_a_place_are_no_part_of_the_funnel():
    campaign = make_campaign()
    settle(sent_touchpoint(campaign, channel=make_channel("chat")))
    assert stage(campaign, FunnelStep.TARGETED).count == 0


def test_failures_are_counted_by_state_and_reason_with_a_sentence():
    touchpoint = sent_touchpoint(make_campaign())
    settle(touchpoint)
    settle(touchpoint, "failed", reason="bad_address", number=2)
    settle(touchpoint, "suppressed", reason="unsubscribed")
    rows = failures([touchpoint.pk]).rows
    assert [(row.state, row.reason, row.count) for row in rows] == [
        ("failed", "bad_address", 2),
        ("suppressed", "unsubscribed", 1),
    ]
    assert rows[0].sentence == "The provider says that the address does not exist."


def groups_of(campaign, touchpoint):
    ids = [touchpoint.pk]
    rows = ticket_groups(
        campaign, told=engagement(ids).told, seen=engagement(ids).people, starts_at=NOW - 5 * HOUR, ends_at=NOW - HOUR
    )
    return {row.group: row for row in rows}


def test_tickets_are_compared_between_those_who_read_and_those_who_did_not():
    campaign, desk = make_campaign(), help_desk()
    touchpoint = sent_touchpoint(campaign)
    reader, other = settle(touchpoint, number=2)
    happened(reader, "opened", "human")
    make_contact(), make_contact()
    tickets(desk, NOW, NOW, campaign=campaign, delivery=reader)
    tickets(desk, NOW, campaign=campaign, delivery=other)
    tickets(desk, NOW - 2 * HOUR)
    tickets(desk, NOW - 30 * HOUR, NOW + 24 * HOUR)  # before and after the days around the work
    groups = groups_of(campaign, touchpoint)
    assert {group.value: (row.people, row.tickets) for group, row in groups.items()} == {
        "read": (1, 2),
        "told": (1, 1),
        "not_told": (2, 1),
    }


def test_under_five_tickets_there_is_no_rate():
    campaign, desk = make_campaign(), help_desk()
    touchpoint = sent_touchpoint(campaign)
    (delivery,) = settle(touchpoint)
    tickets(desk, *[NOW] * 4, campaign=campaign, delivery=delivery)
    assert groups_of(campaign, touchpoint)[Group.TOLD].per_thousand is None
    tickets(desk, NOW, campaign=campaign, delivery=delivery)
    assert groups_of(campaign, touchpoint)[Group.TOLD].per_thousand == 5000
