"""The controls of forms, written without the template engine.

Django makes each `<input>` and each `<option>` from a template that includes another for its attributes. A table of steps has
thousands of them, and was busy with little else. What is written here is the same text, which a test compares; whatever has other
templates goes Django's way.
"""

from collections.abc import Callable, Iterator, Mapping
from html import escape
from typing import Any

from django.forms.renderers import DjangoTemplates
from django.utils.formats import localize
from django.utils.functional import Promise
from django.utils.safestring import SafeString, mark_safe

FOLDER = "django/forms/widgets"
INPUTS = (
    "text",
    "number",
    "email",
    "url",
    "tel",
    "password",
    "search",
    "color",
    "hidden",
    "date",
    "time",
    "datetime",
    "checkbox",
)
OPTION = f"{FOLDER}/select_option.html"

Attributes = Mapping[str, Any]


class QuickRenderer(DjangoTemplates):
    def render(self, template_name: str, context: dict[str, Any], request: Any = None) -> str:
        write = WRITERS.get(template_name)
        text = write(context) if write else None
        return mark_safe(text.strip()) if text is not None else super().render(template_name, context, request)


def _input(context: Mapping[str, Any]) -> str:
    widget = context["widget"]
    value = "" if widget["value"] is None else f' value="{_said(widget["value"])}"'
    return f'<input type="{_shown(widget["type"])}" name="{_shown(widget["name"])}"{value}{_attributes(widget["attrs"])}>'


def _textarea(context: Mapping[str, Any]) -> str:
    widget = context["widget"]
    value = _shown(widget["value"]) if widget["value"] else ""
    return f'<textarea name="{_shown(widget["name"])}"{_attributes(widget["attrs"])}>\n{value}</textarea>'


def _select(context: Mapping[str, Any]) -> str | None:
    widget = context["widget"]
    if any(option["template_name"] != OPTION for _name, options, _place in widget["optgroups"] for option in options):
        return None
    groups = "".join(text for name, options, _place in widget["optgroups"] for text in _group(name, options))
    return f'<select name="{_shown(widget["name"])}"{_attributes(widget["attrs"])}>{groups}\n</select>'


def _group(name: Any, options: list[dict[str, Any]]) -> Iterator[str]:
    if name:
        yield f'\n  <optgroup label="{_shown(name)}">'
    for option in options:
        label = _shown(option["label"])
        yield f'\n  <option value="{_said(option["value"])}"{_attributes(option["attrs"])}>{label}</option>\n'
    if name:
        yield "\n  </optgroup>"


def _label(context: Mapping[str, Any]) -> str:
    label = _shown(context["label"])
    if not context["use_tag"]:
        return label
    tag = _shown(context["tag"])
    return f"<{tag}{_attributes(context['attrs'] or {})}>{label}</{tag}>"


def _errors(context: Mapping[str, Any]) -> str | None:
    return None if context["errors"] else ""


def _attributes(attributes: Attributes) -> str:
    return "".join(
        f" {_shown(name)}" if value is True else f' {_shown(name)}="{_said(value)}"'
        for name, value in attributes.items()
        if value is not False
    )


def _said(value: Any) -> str:
    """As `stringformat:"s"` writes it."""
    return _escaped(value if isinstance(value, SafeString) else str(value))


def _shown(value: Any) -> str:
    """As `{{ value }}` writes it."""
    if isinstance(value, Promise):
        value = str(value)
    return _escaped(value if isinstance(value, str) else str(localize(value)))


def _escaped(text: str) -> str:
    return text if isinstance(text, SafeString) else escape(text)


WRITERS: Mapping[str, Callable[[Mapping[str, Any]], str | None]] = {
    **{f"{FOLDER}/{name}.html": _input for name in ("input", *INPUTS)},
    f"{FOLDER}/textarea.html": _textarea,
    f"{FOLDER}/select.html": _select,
    "django/forms/label.html": _label,
    "django/forms/errors/list/default.html": _errors,
    "django/forms/errors/list/ul.html": _errors,
}
