"""The rule of a segment as a form: groups of conditions, or JSON where that says more."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.template.loader import render_to_string
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .builder import (
    KIND,
    WITHOUT_VALUE,
    Ask,
    Blocks,
    Group,
    Join,
    Line,
    TooDeep,
    blocks_of,
    blocks_posted,
    rule_of,
    with_line,
    without_line,
)
from .json_forms import JSONTextField
from .known_values import attribute_names
from .models import Segment
from .rules import ATTRIBUTE, ATTRIBUTE_NAME, RuleError, parse
from .words import FIELDS, fault_sentence

MOST_SHOWN = 20
EVERYBODY = Blocks()
NO_LINE = Group(lines=())
ASKS: dict[Ask, str | Promise] = {
    Ask.IS: gettext_lazy("is"),
    Ask.IS_NOT: gettext_lazy("is not"),
    Ask.IN: gettext_lazy("is one of"),
    Ask.NOT_IN: gettext_lazy("is none of"),
    Ask.CONTAINS: gettext_lazy("contains"),
    Ask.NOT_CONTAINS: gettext_lazy("does not contain"),
    Ask.STARTS_WITH: gettext_lazy("starts with"),
    Ask.NOT_STARTS_WITH: gettext_lazy("does not start with"),
    Ask.KNOWN: gettext_lazy("is known"),
    Ask.UNKNOWN: gettext_lazy("is not known"),
    Ask.COLLEAGUE: gettext_lazy("is a colleague"),
    Ask.CUSTOMER: gettext_lazy("is a customer"),
}
JOINS: dict[Join, str | Promise] = {
    Join.ALL: gettext_lazy("all of these hold"),
    Join.ANY: gettext_lazy("at least one of these holds"),
    Join.NONE: gettext_lazy("none of these holds"),
}


@dataclass(frozen=True, kw_only=True)
class Posted:
    """A rule as a form sent it. `pressed`: not to be saved, but to be shown with one line more or fewer, or once more."""

    blocks: Blocks = EVERYBODY
    text: str = ""
    is_text: bool = False
    pressed: bool = False

    def __str__(self) -> str:
        return self.text if self.is_text else json.dumps(rule_of(self.blocks), ensure_ascii=False)


@dataclass(frozen=True, kw_only=True)
class Panel:
    """Who belongs to a rule: by the one query that sending uses too."""

    json: str = ""  # empty: the rule is not finished
    words: str = ""
    problem: str = ""
    count: int = 0
    contacts: tuple[Any, ...] = ()


def panel_of(rule: object) -> Panel:
    segment = Segment(rule=rule)
    try:
        contacts = segment.contacts()
        words = segment.rule_in_words
    except RuleError as error:
        return Panel(problem=fault_sentence(error))
    text = json.dumps(rule, indent=2, ensure_ascii=False)
    return Panel(json=text, words=words, count=contacts.count(), contacts=tuple(contacts[:MOST_SHOWN]))


class RuleWidget(forms.Widget):
    template_name = "admin/audiences/segment/builder.html"

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> Any:
        text = str(data.get(name, ""))
        if f"{name}-who" not in data or data.get(f"{name}-advanced"):
            return Posted(text=text, is_text=True, pressed=f"{name}-show" in data)
        blocks = blocks_posted(data, name) if data[f"{name}-who"] != "everybody" else EVERYBODY
        if f"{name}-add" in data:
            return Posted(blocks=with_line(blocks, _number(data[f"{name}-add"])), pressed=True)
        if f"{name}-remove" in data:
            place, _sign, line = str(data[f"{name}-remove"]).partition("-")
            rest = without_line(blocks, _number(place), _number(line))
            return Posted(blocks=rest if rest.groups else replace(rest, groups=(NO_LINE,)), pressed=True)
        if data[f"{name}-who"] != "everybody" and not blocks.groups:  # nobody is everybody by oversight
            blocks = replace(blocks, groups=(NO_LINE,))
        return Posted(blocks=blocks, pressed=f"{name}-show" in data)

    def value_omitted_from_data(self, data: Mapping[str, Any], files: Any, name: str) -> bool:
        return name not in data and f"{name}-who" not in data

    def format_value(self, value: Any) -> Any:
        return value

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        posted = value if isinstance(value, Posted) else _posted_of(value)
        asked = {line.field.removeprefix(ATTRIBUTE) for group in posted.blocks.groups for line in group.lines}
        context = {
            "name": name,
            "attrs": attrs or {},
            "posted": posted,
            "everybody": not posted.is_text and not posted.blocks.groups,
            "groups": posted.blocks.groups or (Group(),),
            "attribute_names": sorted({*attribute_names(), *filter(ATTRIBUTE_NAME.fullmatch, asked)} - {*FIELDS, KIND}),
            "fields": [*FIELDS.items(), (KIND, gettext_lazy("colleague or customer"))],
            "asks": ASKS.items(),
            "without_value": [ask.value for ask in WITHOUT_VALUE],
            "joins": JOINS.items(),
            "blank": (Group(),),
            "panel": panel_posted(posted) if posted is value or not value else panel_of(value),
        }
        return SafeString(render_to_string(self.template_name, context))


class RuleField(JSONTextField):
    widget = RuleWidget

    def prepare_value(self, value: Any) -> Any:
        return value

    def bound_data(self, data: Any, initial: Any) -> Any:
        return initial if self.disabled else data

    def to_python(self, value: Any) -> Any:
        if not isinstance(value, Posted):
            return super().to_python(value)
        if value.is_text:
            return super().to_python(value.text)
        if problems := list(_missing(value.blocks)):
            raise ValidationError(problems)
        return rule_of(value.blocks)

    def clean(self, value: Any) -> Any:
        if isinstance(value, Posted) and value.pressed:
            raise ValidationError(_("Nothing is saved yet."), code="not_saved")
        return super().clean(value)

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool(self.to_python(data) != initial)
        except ValidationError:
            return True


def panel_posted(posted: Posted) -> Panel:
    """For a rule in a form as it stands: conditions that are not finished are named and left out."""
    try:
        if posted.is_text or not (problems := list(_missing(posted.blocks))):
            return panel_of(RuleField(required=False).to_python(posted))
    except ValidationError as error:
        return Panel(problem=" ".join(error.messages))
    finished = _finished(posted.blocks)
    panel = panel_of(rule_of(finished)) if finished.groups else Panel()
    return replace(panel, json="", problem=" ".join(filter(None, (*problems, panel.problem))))


def _finished(blocks: Blocks) -> Blocks:
    def is_finished(line: Line) -> bool:
        return not list(_missing(Blocks(groups=(Group(lines=(line,)),))))

    groups = (replace(group, lines=tuple(filter(is_finished, group.lines))) for group in blocks.groups)
    return replace(blocks, groups=tuple(group for group in groups if group.lines))


def _posted_of(rule: Any) -> Posted:
    """A stored rule, as groups where they can show it; a rule that is not written yet begins with one condition."""
    if not rule:
        return Posted(blocks=Blocks(groups=(Group(),)))
    text = rule if isinstance(rule, str) else json.dumps(rule, indent=2, ensure_ascii=False)
    try:
        return Posted(blocks=blocks_of(parse(rule)), text=text)
    except (RuleError, TooDeep):
        return Posted(text=text, is_text=True)


def _missing(blocks: Blocks) -> list[str]:
    """What is still to be filled in, by the number of the condition as it stands on the page."""
    found = []
    lines = [line for group in blocks.groups for line in group.lines]
    if blocks.groups and not lines:
        found.append(_("Add a condition, or choose everybody."))
    for number, line in enumerate(lines, start=1):
        if line.field.startswith(ATTRIBUTE) and not ATTRIBUTE_NAME.fullmatch(line.field.removeprefix(ATTRIBUTE)):
            found.append(_("Condition %(number)s: name the attribute.") % {"number": number})
        elif _lacks_value(line):
            found.append(_("Condition %(number)s: the value is missing.") % {"number": number})
    return found


def _lacks_value(line: Line) -> bool:
    return line.ask not in WITHOUT_VALUE and not line.value.strip("; ")


def _number(text: Any) -> int:
    return int(text) if str(text).isdecimal() else -1
