from datetime import date

import pytest

from apps.windows.public_holidays import holidays_on, is_known, region_of_zone
from apps.windows.system_checks import holiday_regions_are_known

ASSUMPTION = date(2026, 8, 15)
ST_STEPHEN = date(2026, 12, 26)  # a holiday in Alsace and Moselle alone


@pytest.mark.parametrize(
    ("zone", "region"),
    [
        ("Europe/Paris", "FR"),
        ("America/New_York", "US"),
        ("Asia/Calcutta", "IN"),
        ("UTC", ""),
        ("Etc/GMT+5", ""),
        ("Mars/Olympus", ""),
    ],
)
def test_region_is_the_country_of_the_zone(zone, region):
    assert region_of_zone(zone) == region


def test_holidays_are_named_in_the_readers_language():
    (english,) = holidays_on([ASSUMPTION], ["FR"], language="en")
    (french,) = holidays_on([ASSUMPTION], ["FR"], language="fr")

    assert (english.name, english.region) == ("Assumption Day", "FR")
    assert french.name == "Assomption"


def test_part_of_a_country_has_holidays_of_its_own():
    assert holidays_on([ST_STEPHEN], ["FR"], language="en") == []
    assert len(holidays_on([ST_STEPHEN], ["FR-57"], language="en")) == 1


def test_several_regions_are_looked_at():
    found = holidays_on([date(2026, 7, 14), date(2026, 7, 4)], ["FR", "US"], language="en")

    assert [(holiday.region, holiday.day.day) for holiday in found] == [("FR", 14), ("US", 4)]


@pytest.mark.parametrize("region", ["", "ZZ", "FR-99"])
def test_unknown_region_has_no_holidays(region):
    assert not is_known(region)
    assert holidays_on([ASSUMPTION], [region], language="en") == []


def test_unknown_region_of_the_settings_is_said_by_the_system_check(settings):
    settings.HOLIDAY_REGIONS = ["FR-57", "XX"]

    (warning,) = holiday_regions_are_known()

    assert "“XX”" in warning.msg
