from typing import Any

from django import template
from django.forms import BoundField
from django.utils.safestring import SafeString
from django.utils.text import capfirst

register = template.Library()


@register.filter
def labelled(field: BoundField, row: Any) -> SafeString:
    """The control with its column and its row as its name, for tables whose headings are no labels."""
    errors = {"aria-invalid": "true"} if field.errors else {}
    return field.as_widget(attrs={"aria-label": f"{capfirst(field.label)}, {row}", **errors})
