"""Every address behind the sign-in, read from the URLs themselves, so that none can be forgotten."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.urls import URLPattern, URLResolver, get_resolver, reverse

# Public by design: these answer without a sign-in.
PUBLIC_APPS = ("publishing", "tracking", "anymail")
PUBLIC_NAMES = ("delivery:healthz", "delivery:rehearsal_link", "admin:login", "admin:logout")
WORDS = {"verb": "cancel", "kind": "campaign", "name": "touchpoints", "app_label": "windows"}


@dataclass(frozen=True, kw_only=True)
class Page:
    name: str
    model: Any  # whose admin it belongs to; None for a view that stands by itself
    url: str

    def is_of(self, rows: Mapping[str, Any]) -> bool:
        """The list of a model, or the form of one of its rows."""
        if self.model is None:
            return False
        return self.name.endswith("_changelist") or (self.name.endswith("_change") and self.model._meta.label_lower in rows)


def pages(rows: Mapping[str, Any]) -> Iterator[Page]:
    """`rows` holds an object for each model by its label, from which the addresses are filled."""
    for namespace, pattern in _patterns(get_resolver(), ""):
        name = f"{namespace}:{pattern.name}"
        if not pattern.name or not namespace or namespace in PUBLIC_APPS or name in PUBLIC_NAMES:
            continue
        model = _model_of(pattern.name)
        row = rows.get(model._meta.label_lower) if model else None
        arguments = {key: _value(key, row, rows) for key in pattern.pattern.regex.groupindex}
        yield Page(name=name, model=model, url=reverse(name, kwargs=arguments))


def _patterns(resolver: URLResolver, namespace: str) -> Iterator[tuple[str, URLPattern]]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            yield from _patterns(entry, entry.namespace or namespace)
        else:
            yield namespace, entry


def _model_of(name: str) -> Any:
    names = {f"{model._meta.app_label}_{model._meta.model_name}_": model for model in admin.site._registry}
    return next((names[start] for start in sorted(names, key=len, reverse=True) if name.startswith(start)), None)


def _value(key: str, row: Any, rows: Mapping[str, Any]) -> Any:
    named = {f"{label.split('.')[1]}_id": found for label, found in rows.items()}
    if key in ("pk", "id", "object_id"):
        return (row or rows["campaigns.campaign"]).pk
    return named[key].pk if key in named else WORDS.get(key, 1)
