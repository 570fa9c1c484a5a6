from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django import template
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

register = template.Library()

# What a planner comes for, in the order of the work; a model not named here stands under the last heading.
GROUPS: tuple[tuple[str | Promise, tuple[str, ...]], ...] = (
    (
        _("Plan"),
        ("MaintenanceWindow", "UpstreamNotice", "Playbook", "MessageTemplate", "Brand", "Service", "Blackout", "UpstreamObject"),
    ),
    (_("Audience"), ("Contact", "Segment", "Suppression")),
    (_("Sending"), ("Channel", "Touchpoint", "Delivery", "DoubtfulDelivery", "Batch")),
    (_("What came back"), ("Ticket", "Acknowledgement", "Event", "ProviderEvent", "TicketSource", "InboxMessage")),
    (_("Sharing"), ("Feed",)),
    (_("Team"), ("User", "Group", "AuditEvent")),
)
OTHERS = _("More")
DASHBOARDS: tuple[tuple[str | Promise, str], ...] = ((_("Dashboard"), "dashboard:overview"),)


@dataclass(frozen=True, kw_only=True)
class Entry:
    name: str | Promise
    url: str
    add_url: str = ""
    is_current: bool = False


@dataclass(frozen=True, kw_only=True)
class Group:
    name: str | Promise
    entries: list[Entry]


@register.inclusion_tag("admin/parts/nav.html", takes_context=True)
def preavis_nav(context: template.Context, apps: Iterable[dict[str, Any]] | None) -> dict[str, Any]:
    """The sections this person may see, grouped as the work goes rather than by Django app."""
    path = context["request"].path
    models = {model["object_name"]: model for app in apps or () for model in app["models"] if model["admin_url"]}
    groups = [Group(name=name, entries=[_entry(models.pop(key), path) for key in keys if key in models]) for name, keys in GROUPS]
    groups.append(Group(name=OTHERS, entries=[_entry(model, path) for model in models.values()]))
    groups.insert(0, Group(name=_("Today"), entries=list(_start(context["request"]))))
    return {"groups": [group for group in groups if group.entries]}


def _start(request: HttpRequest) -> Iterator[Entry]:
    home = reverse("admin:index")
    yield Entry(name=_("Overview"), url=home, is_current=request.path == home)
    for name, view in DASHBOARDS:
        try:
            url = reverse(view)
        except NoReverseMatch:
            continue
        yield Entry(name=name, url=url, is_current=request.path.startswith(url))


def _entry(model: dict[str, Any], path: str) -> Entry:
    return Entry(
        name=capfirst(model["name"]),
        url=model["admin_url"],
        add_url=model["add_url"] or "",
        is_current=path.startswith(model["admin_url"]),
    )
