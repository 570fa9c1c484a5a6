from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from apps.windows.closures import Closure
from apps.windows.slots import FARTHEST_DAYS, Demand, Obstacles, free_slots

PARIS = ZoneInfo("Europe/Paris")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)  # a Monday
WISHED = datetime(2026, 3, 24, 1, 0, tzinfo=UTC)  # Tuesday, 02:00 in Paris; the clocks change on the 29th


def demand(**fields):
    defaults = {
        "starts_at": WISHED,
        "length": 6 * HOUR,
        "zone": PARIS,
        "service_ids": frozenset({1}),
        "earliest_at": NOW,
    }
    return Demand(**(defaults | fields))


def obstacles(**fields):
    return Obstacles(**({"busy": [], "closures": [], "is_holiday": lambda day: False} | fields))


def dates(found):
    return [at.astimezone(PARIS).strftime("%d.%m. %H:%M") for at in found]


def test_free_time_is_the_wished_one_and_those_of_the_next_days():
    assert dates(free_slots(demand(), obstacles())) == ["24.03. 02:00", "25.03. 02:00", "26.03. 02:00", "27.03. 02:00"]


def test_clock_stays_over_its_change():
    found = free_slots(demand(starts_at=WISHED + 4 * DAY), obstacles())

    assert dates(found) == ["28.03. 02:00", "29.03. 03:00", "30.03. 02:00", "31.03. 02:00"]


def test_notice_is_kept():
    assert dates(free_slots(demand(earliest_at=WISHED + HOUR), obstacles()))[0] == "25.03. 02:00"
    assert dates(free_slots(demand(starts_at=NOW - 90 * DAY, earliest_at=NOW), obstacles()))[0] == "02.03. 10:00"


def test_days_taken_by_others_are_left_out_and_the_same_weekday_is_offered():
    busy = [(WISHED - HOUR, WISHED + HOUR)]

    assert dates(free_slots(demand(), obstacles(busy=busy))) == ["25.03. 02:00", "26.03. 02:00", "27.03. 02:00", "31.03. 02:00"]


def test_window_that_ends_when_it_starts_is_in_nobodys_way():
    busy = [(WISHED - HOUR, WISHED), (WISHED + 6 * HOUR, WISHED + 7 * HOUR)]

    assert free_slots(demand(), obstacles(busy=busy))[0] == WISHED


def test_blackout_counts_for_its_services_whether_or_not_it_is_strict():
    closed = {"pk": 1, "name": "Freeze", "starts_at": WISHED, "ends_at": WISHED + 2 * DAY}

    assert dates(free_slots(demand(), obstacles(closures=[Closure(**closed)])))[0] == "26.03. 02:00"
    other = Closure(**closed, service_ids=frozenset({2}))
    assert free_slots(demand(), obstacles(closures=[other]))[0] == WISHED


def test_holiday_counts_for_every_date_that_the_work_touches():
    holiday = date(2026, 3, 25)
    overnight = demand(starts_at=WISHED - 3 * HOUR)  # from 23:00 to 05:00

    found = free_slots(overnight, obstacles(is_holiday=lambda day: day == holiday))

    assert dates(found)[:2] == ["23.03. 23:00", "26.03. 23:00"]


def test_nothing_is_proposed_where_nothing_is_free():
    assert free_slots(demand(), obstacles(busy=[(NOW, NOW + 2 * FARTHEST_DAYS * DAY)])) == []
