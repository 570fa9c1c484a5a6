from datetime import UTC, timedelta

import pytest

from apps.campaigns.checks.facts import Crowd, OtherMessages, People
from apps.campaigns.checks.findings import Level
from apps.campaigns.checks.rules import Cause, Code

from .values import DAY, NOW, column, departure, levels, only

BOTH = frozenset({1, 2})
EMAIL = frozenset({"email"})


def crowd(*people, others=(), most=10):
    return Crowd(people=list(people), others=list(others), most_a_week=most)


def group(count, segments=frozenset({1}), addresses=EMAIL):
    return People(count=count, segment_ids=segments, addresses=addresses)


def daily(count, **fields):
    """One message a day, each at its own moment."""
    return [departure(moment=f"day.{number}", due_at=NOW + number * DAY, **fields) for number in range(count)]


def test_broken_segment_stops_and_an_empty_one_has_to_be_ticked():
    assert only(Code.BROKEN_SEGMENT, columns=[column(people=0, segment_problem="all[0]: no.")]).level is Level.STOP
    assert only(Code.EMPTY_SEGMENT, columns=[column(people=0)]).level is Level.WARN


def test_segment_by_two_channels_is_told_once():
    columns = [column(people=0), column(people=0, channel_id=2, channel="SMS", address="phone")]

    assert only(Code.EMPTY_SEGMENT, columns=columns).target.pk == 1


@pytest.mark.parametrize(("address", "cause"), [("email", Cause.WITHOUT_EMAIL), ("phone", Cause.WITHOUT_PHONE)])
def test_people_without_an_address_have_to_be_ticked_and_can_be_listed(address, cause):
    remark = only(Code.NO_ADDRESS, columns=[column(without_address=3, address=address)])

    assert (remark.level, remark.target.cause, remark.values["count"]) == (Level.WARN, cause, 3)


def test_people_without_an_address_are_only_a_hint_where_a_second_channel_reaches_them():
    found = only(Code.NO_ADDRESS, columns=[column(without_address=3)], departures=[departure(otherwise="SMS")])

    assert (found.level, found.values["otherwise"]) == (Level.HINT, "SMS")


def test_people_of_two_segments_of_one_moment_are_counted():
    columns = [column(), column(segment_id=2, segment="VIP")]
    both = [departure(), departure(segment_id=2)]

    found = only(Code.TWICE, columns=columns, departures=both, crowd=crowd(group(5), group(3, BOTH), group(9, frozenset({2}))))

    assert (found.level, found.values["count"], found.values["segments"]) == (Level.HINT, 3, ["Customers", "VIP"])


@pytest.mark.parametrize("other", [{"moment": "t-7d.0"}, {"channel_id": 2}])
def test_people_of_two_segments_of_other_moments_or_channels_are_no_matter(other):
    columns = [column(), column(segment_id=2), column(segment_id=2, channel_id=2)]

    assert Code.TWICE not in levels(
        columns=columns, departures=[departure(), departure(segment_id=2, **other)], crowd=crowd(group(3, BOTH))
    )


def test_as_many_messages_a_week_as_are_allowed_are_no_matter():
    assert levels(departures=daily(7), crowd=crowd(group(2), most=7)) == {}


def test_more_messages_a_week_have_to_be_ticked():
    remark = only(Code.TOO_MANY, departures=daily(20), crowd=crowd(group(2), most=6))

    assert (remark.level, remark.values["people"], remark.values["worst"].count) == (Level.WARN, 2, 7)


def test_other_campaigns_count_too():
    others = [OtherMessages(day=(NOW + 2 * DAY).date(), segment_id=1, address="email", count=4)]

    worst = only(Code.TOO_MANY, departures=daily(3), crowd=crowd(group(2), others=others, most=6)).values["worst"]

    assert (worst.count, worst.own) == (7, 3)


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"day": (NOW + 30 * DAY).date()}, id="in another week"),
        pytest.param({"segment_id": 2}, id="to others"),
        pytest.param({"address": "phone"}, id="by a channel for which they have no address"),
    ],
)
def test_what_others_send_elsewhere_does_not_count(other):
    fields = {"day": NOW.date(), "segment_id": 1, "address": "email", "count": 40}

    assert levels(crowd=crowd(group(2), others=[OtherMessages(**(fields | other))], most=6)) == {}


def test_whoever_is_in_two_segments_gets_one_moment_once():
    columns = [column(), column(segment_id=2)]
    doubled = [*daily(4), *daily(4, segment_id=2)]

    assert Code.TOO_MANY not in levels(columns=columns, departures=doubled, crowd=crowd(group(2, BOTH), most=4))


def test_messages_by_two_channels_add_up_for_whoever_has_both_addresses():
    columns = [column(), column(channel_id=2, kind="sms", address="phone")]
    doubled = [*daily(4), *daily(4, channel_id=2)]
    people = crowd(group(2), group(5, addresses=frozenset({"email", "phone"})), most=4)

    remark = only(Code.TOO_MANY, columns=columns, departures=doubled, crowd=people)

    assert (remark.values["people"], remark.values["worst"].count) == (5, 8)


def test_days_are_those_of_utc():
    late = NOW.replace(hour=23, minute=30).astimezone(UTC)
    once = only(Code.TOO_MANY, departures=[departure(due_at=late)], crowd=crowd(group(1), most=0))

    assert once.values["worst"].first <= late.date() <= once.values["worst"].first + timedelta(days=6)
