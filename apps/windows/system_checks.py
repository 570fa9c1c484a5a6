"""What `manage.py check` finds before a planner misses it: regions whose holidays nobody knows."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Warning, register

from .public_holidays import is_known


@register()
def holiday_regions_are_known(**_options: Any) -> list[CheckMessage]:
    hint = "Countries are written as in ISO 3166, parts of them as FR-57 or DE-BY; windows keep clear of no holiday there."
    return [
        Warning(f"HOLIDAY_REGIONS: no public holidays are known of “{region}”.", hint=hint, id="windows.W001")
        for region in settings.HOLIDAY_REGIONS
        if not is_known(region)
    ]
