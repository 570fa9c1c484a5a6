"""Which pages there are to be shown, read from the URLs themselves so that none is forgotten, and with what they are filled."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, get_resolver, reverse

from tests.accounts.pages import _model_of, _patterns

# Answers for scripts and machines, and doors that only let through. What is no page of its own answers in its first look.
NOT_SHOWN = {
    "admin:jsi18n": "texts for scripts",
    "admin:autocomplete": "for scripts",
    "admin:view_on_site": "leads elsewhere",
    "admin:logout": "leads elsewhere",
    "admin:app_list": "shows the first page",
    "admin:windows_maintenancewindow_preview_html": "stands in the frame of the preview",
    "admin:campaigns_brand_look": "stands in the frame of the brand",
    "dashboard:delivery-html": "stands in the frame of the message",
    "dashboard:table": "is a file",
    "delivery:healthz": "for machines",
    "publishing:feed": "is a file",
    "publishing:logo": "is a picture",
    "publishing:notice_atom": "is a file",
    "publishing:notice_calendar": "is a file",
    "tracking:click": "leads elsewhere",
    "tracking:open": "is a picture",
    "tracking:ticket_hook": "for machines",
}
# One view for all kinds of objects: shown once.
ALIKE = ("history", "archive", "restore")
FOR_GUESTS = ("publishing:", "tracking:", "error:", "admin:login", "delivery:rehearsal_link")

Arguments = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Shown:
    """One page to look at. `name` is that of its URL, with what tells it from others of the same."""

    name: str
    path: str
    press: str = ""  # what is pressed at the address, before there is something to look at
    html: str = ""  # what a server that breaks would answer there
    status: int = 200

    @property
    def is_for_guests(self) -> bool:
        return self.name.startswith(FOR_GUESTS)


def pages_to_show(rows: Mapping[str, Any], looks: Mapping[str, Mapping[str, Arguments]]) -> Iterator[Shown | str]:
    """Addresses, and for what has none the reason as “name: why”.

    `rows`: by the label of a model, an object to fill addresses with. `looks`: by the name of a URL and a word for each of
    its looks, arguments for it alone.
    """
    seen: set[str] = set()
    for namespace, pattern in sorted(_patterns(get_resolver(), ""), key=_windows_first):
        name = f"{namespace}:{pattern.name}" if namespace else str(pattern.name)
        if not pattern.name or namespace == "anymail":
            continue
        if name in NOT_SHOWN:
            yield f"{name}: {NOT_SHOWN[name]}"
            continue
        alike = name.rpartition("_")[2] if namespace == "admin" else ""
        if alike in seen:
            yield f"{name}: looks like that of another kind of object"
            continue
        if alike in ALIKE:
            seen.add(alike)
        for look, given in looks.get(name, {"": {}}).items():
            yield _page(name, look, pattern, rows, given)


def _windows_first(found: tuple[str, URLPattern]) -> bool:
    return not str(found[1].name).startswith(("windows_service", "windows_maintenancewindow"))


def _page(name: str, look: str, pattern: URLPattern, rows: Mapping[str, Any], given: Arguments) -> Shown | str:
    keys = pattern.pattern.regex.groupindex
    model = _model_of(name.partition(":")[2])
    row = rows.get(model._meta.label_lower) if model else None
    arguments = {key: given.get(key) or _value(key, row, rows) for key in keys}
    if any(value is None for value in arguments.values()):
        return f"{name}: the demo has nothing to fill it with"
    return Shown(name=f"{name}-{look}" if look else name, path=reverse(name, kwargs=arguments))


def _value(key: str, row: Any, rows: Mapping[str, Any]) -> Any:
    if key in ("pk", "id", "object_id"):
        return row.pk if row else None
    found = rows.get(f"campaigns.{key.removesuffix('_id')}") or rows.get(f"channels.{key.removesuffix('_id')}")
    return found.pk if found else None
