"""From a figure to its rows: filtered pages of the admin, by name. Empty where the admin has no such page."""

from urllib.parse import urlencode

from django.urls import NoReverseMatch, reverse

from apps.campaigns.models import Campaign


def delivery_log(**filters: object) -> str:
    return _changelist("admin:delivery_delivery_changelist", filters)


def touchpoint_log(touchpoint_id: int, state: str = "") -> str:
    filters: dict[str, object] = {"touchpoint__id__exact": touchpoint_id}
    return delivery_log(**filters, **({"state__exact": state} if state else {}))


def campaign_log(campaign: Campaign, state: str = "", **filters: object) -> str:
    chosen: dict[str, object] = {"touchpoint__campaign__id__exact": campaign.pk, **filters}
    return delivery_log(**chosen, **({"state__exact": state} if state else {}))


def ticket_log(campaign: Campaign) -> str:
    return _changelist("admin:tracking_ticket_changelist", {"campaign__id__exact": campaign.pk})


def answer_log(campaign: Campaign, answer: str = "") -> str:
    filters: dict[str, object] = {"campaign__id__exact": campaign.pk}
    return _changelist("admin:tracking_acknowledgement_changelist", filters | ({"answer__exact": answer} if answer else {}))


def campaign_page(campaign: Campaign) -> str:
    """The page of its window, from which all of a campaign is reached."""
    return _reverse("admin:windows_maintenancewindow_change", campaign.window_id)


def add_window_page() -> str:
    return _reverse("admin:windows_maintenancewindow_add")


def _changelist(name: str, filters: dict[str, object]) -> str:
    url = _reverse(name)
    return f"{url}?{urlencode(filters)}" if url and filters else url


def _reverse(name: str, *args: object) -> str:
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""
