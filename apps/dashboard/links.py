"""From a figure to its rows: the log of a campaign, and filtered pages of the admin; empty where it has no such page."""

from urllib.parse import urlencode

from django.urls import NoReverseMatch, reverse

from apps.campaigns.models import Campaign


def campaign_log(campaign_id: int, **chosen: object) -> str:
    """The campaign's own log; `chosen` as in logbook/choices.py."""
    chosen = {name: value for name, value in chosen.items() if value}
    url = reverse("dashboard:log", args=[campaign_id])
    return f"{url}?{urlencode(chosen)}" if chosen else url


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
