import json
from typing import Any, NoReturn

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _


class JSONTextField(forms.JSONField):
    """JSON to be written by hand: shown indented, and a slip is named with its line and column."""

    widget: Any = forms.Textarea(attrs={"rows": 10, "class": "vLargeTextField code", "spellcheck": "false"})

    def prepare_value(self, value: Any) -> Any:
        return value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)

    def bound_data(self, data: Any, initial: Any) -> Any:
        return initial if self.disabled else data  # what was typed is shown again as it was typed

    def to_python(self, value: Any) -> Any:
        if not isinstance(value, str) or not value.strip():
            return {}
        try:
            parsed = json.loads(value, parse_constant=_refuse)
            json.dumps(parsed, allow_nan=False, ensure_ascii=False).encode()
        except json.JSONDecodeError as error:
            raise ValidationError(
                _("Line %(line)s, column %(column)s: this is not JSON (%(problem)s)."),
                code="invalid",
                params={"line": error.lineno, "column": error.colno, "problem": error.msg},
            ) from error
        except (ValueError, RecursionError) as error:  # numbers and signs that JSON has no place for; endless nesting
            raise ValidationError(_("This JSON holds something that cannot be stored."), code="invalid") from error
        return parsed


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)
