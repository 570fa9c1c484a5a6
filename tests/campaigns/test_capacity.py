"""How long messages take at a pace, and which of them come too late for that."""

from datetime import timedelta

import pytest

from apps.campaigns.capacity import Departure, latest, spans
from tests.factories import HOUR, NOW

MINUTE = timedelta(minutes=1)
MAIL, SMS = 1, 2


def departure(name="a", *, channel_id=MAIL, messages=20_000, due_at=NOW, **fields):
    return Departure(name=name, channel_id=channel_id, messages=messages, due_at=due_at, **fields)


def test_twenty_thousand_at_fourteen_a_second_take_twenty_four_minutes():
    span = spans([departure()], {MAIL: 14.0})["a"]
    assert span.begins_at == NOW
    assert 23.5 * MINUTE < span.takes < 24 * MINUTE


def test_a_channel_sends_one_after_the_other_and_channels_side_by_side():
    found = spans(
        [
            departure("second", due_at=NOW + MINUTE, messages=60),
            departure("first", messages=120),
            departure("sms", channel_id=SMS),
        ],
        {MAIL: 1.0, SMS: 1000.0},
    )
    assert (found["first"].begins_at, found["first"].ends_at) == (NOW, NOW + 2 * MINUTE)
    assert (found["second"].begins_at, found["second"].ends_at) == (NOW + 2 * MINUTE, NOW + 3 * MINUTE)
    assert found["sms"].begins_at == NOW


@pytest.mark.parametrize(("pace", "messages"), [(None, 20_000), (14.0, 0)], ids=["no pace", "nobody"])
def test_without_a_pace_or_people_there_is_nothing_to_say(pace, messages):
    assert spans([departure(messages=messages)], {MAIL: pace}) == {}


def test_those_behind_the_latest_time_are_counted():
    assert spans([departure(messages=600, latest=NOW + 5 * MINUTE)], {MAIL: 1.0})["a"].late == 300


def test_in_time_nobody_is_late():
    assert spans([departure(messages=600, latest=NOW + 10 * MINUTE)], {MAIL: 1.0})["a"].late == 0


def test_what_begins_after_the_latest_is_late_as_a_whole():
    found = spans([departure("a", messages=3600), departure("b", messages=60, latest=NOW + MINUTE)], {MAIL: 1.0})
    assert found["b"].late == 60


@pytest.mark.parametrize(
    ("due_before", "useful_before", "is_reminder", "expected_before"),
    [
        pytest.param(HOUR, 5 * MINUTE, True, 10 * MINUTE, id="a reminder has reached everybody ten minutes before the start"),
        pytest.param(24 * HOUR, 18 * HOUR, True, 18 * HOUR, id="or while it is of use"),
        pytest.param(5 * MINUTE, timedelta(0), True, timedelta(0), id="a reminder of the last minutes, while it is of use"),
        pytest.param(timedelta(0), -15 * MINUTE, False, -15 * MINUTE, id="what is no reminder, while it is of use"),
    ],
)
def test_the_latest_time(due_before, useful_before, is_reminder, expected_before):
    starts_at = NOW + 48 * HOUR
    found = latest(
        due_at=starts_at - due_before, useful_until=starts_at - useful_before, starts_at=starts_at, is_reminder=is_reminder
    )
    assert found == starts_at - expected_before
