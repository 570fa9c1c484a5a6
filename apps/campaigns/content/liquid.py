"""Liquid as planners may use it: a few tags and filters, strict about names, bounded in loops, size and time.

Rendering yields a skeleton: the text with a mark in place of every value, and the values beside it (slots.py).
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import TextIO

from django.utils.translation import gettext as _
from liquid import Environment, RenderContext, StrictUndefined
from liquid.builtin.expressions import FilteredExpression, Path
from liquid.builtin.output import Output, OutputNode
from liquid.exceptions import LiquidError
from liquid.template import BoundTemplate

from apps.common.text import clean_text

from .slots import RESERVED, mark

MAX_SOURCE = 20_000  # characters of a template
MAX_OUTPUT = 60_000  # bytes of what it yields
MAX_VALUE = 10_000  # characters of one value
MAX_ITERATIONS = 1_000  # over all loops
MAX_SECONDS = 0.5  # of this thread, so that a busy machine breaks no text
TAGS = frozenset({"if", "unless", "case", "for", "break", "continue", "assign", "comment", "raw", "#"})
PSEUDO_TAGS = frozenset({"content", "output", "illegal"})
FILTERS = frozenset(
    {"append", "capitalize", "default", "downcase", "first", "join", "last", "prepend", "size", "strip", "truncate", "upcase"}
)
CONTACT = "contact"


class NeedsContact(Exception):
    """The template asks for the contact outside a plain output: it must be rendered for each contact."""


class PerRecipient(str):
    """A value of the shared context that each recipient gets an own one of, such as a signed link; see slots.NOTICE."""

    slot: int

    def __new__(cls, value: str, *, slot: int) -> "PerRecipient":
        made = super().__new__(cls, value)
        made.slot = slot
        return made


class SharedGlobals(dict[str, object]):
    """What is the same for all recipients; asking for the contact ends the attempt."""

    def __missing__(self, key: str) -> object:
        if key == CONTACT:
            raise NeedsContact
        raise KeyError(key)


ContactOutput = Callable[[Mapping[str, object]], str]
SkeletonValue = str | ContactOutput  # a value, or what asks the contact for it


@dataclass(kw_only=True)
class Skeleton:
    """Text with marks; `values[n]` belongs to mark `first_mark` + n."""

    text: str = ""
    values: list[SkeletonValue] = field(default_factory=list)
    first_mark: int = 0
    deadline: float = 0.0

    def add(self, value: SkeletonValue) -> str:
        """Keeps the value and gives the mark that stands for it."""
        self.values.append(value)
        return mark(self.first_mark + len(self.values) - 1)


class MarkingOutput(OutputNode):
    """Writes a mark where Liquid would write the value."""

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        skeleton: Skeleton = context.tag_namespace["skeleton"]
        if time.thread_time() > skeleton.deadline:
            raise LiquidError("the template takes too long", token=self.token)
        if self.is_plain_contact_output and self.is_shared(context):
            return buffer.write(skeleton.add(self.asking))
        value = self.expression.evaluate(context)
        return buffer.write(mark(value.slot) if isinstance(value, PerRecipient) else skeleton.add(written(value)))

    @property
    def is_plain_contact_output(self) -> bool:
        """Whether the output is of the contact alone, filters with literal arguments included."""
        expression = self.expression
        if not isinstance(expression, FilteredExpression) or not isinstance(expression.left, Path):
            return False
        is_literal = not any(isinstance(child, Path) for child in expression.children()[1:])
        return expression.left.head() == CONTACT and all(isinstance(part, str) for part in expression.left.path) and is_literal

    def is_shared(self, context: RenderContext) -> bool:
        try:
            context.scope[CONTACT]
        except NeedsContact:
            return True
        return False  # rendering for one contact, or a local variable of that name

    @property
    def asking(self) -> ContactOutput:
        """Most are `contact.name` and no more, and need no rendering."""
        expression = self.expression
        if isinstance(expression, FilteredExpression) and isinstance(expression.left, Path) and not expression.filters:
            match expression.left.path:
                case [_contact, str(name)]:
                    return partial(self._look_up, name)
        return self._render

    def _look_up(self, name: str, contact: Mapping[str, object]) -> str:
        return written(contact[name]) if name in contact else self._render(contact)

    def _render(self, contact: Mapping[str, object]) -> str:
        context = RenderContext(_EMPTY, globals={CONTACT: contact})
        return written(self.expression.evaluate(context))


class MarkingOutputTag(Output):
    node_class = MarkingOutput


def written(value: object) -> str:
    """A value as text: lists with commas, nothing for nil; raises for what does not exist."""
    if value is None:
        return ""
    if not isinstance(value, str):
        if isinstance(value, list | tuple):
            return ", ".join(written(item) for item in value)
        value = str(value).lower() if isinstance(value, bool) else str(value)
    text = clean_text(value).strip()
    if len(text) > MAX_VALUE:
        raise LiquidError("a value is too long", token=None)
    return text


class PlannerEnvironment(Environment):
    loop_iteration_limit = MAX_ITERATIONS
    output_stream_limit = MAX_OUTPUT
    local_namespace_limit = MAX_OUTPUT
    block_nesting_limit = 10

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:
        super().setup_tags_and_filters(extra=extra)
        self.tags = {name: tag for name, tag in self.tags.items() if name in TAGS | PSEUDO_TAGS}
        self.filters = {name: _bounded(function) for name, function in self.filters.items() if name in FILTERS}
        self.add_tag(MarkingOutputTag)


def _bounded(function: Callable[..., object]) -> Callable[..., object]:
    """The filter, refusing results that chained filters could grow without end."""

    def bounded(value: object, *arguments: object, **named: object) -> object:
        result = function(value, *arguments, **named)
        if isinstance(result, str) and len(result) > MAX_VALUE:
            raise LiquidError("a value is too long", token=None)
        return result

    for ability in ("with_context", "with_environment", "validate"):
        if hasattr(function, ability):
            setattr(bounded, ability, getattr(function, ability))
    return bounded


ENVIRONMENT = PlannerEnvironment(undefined=StrictUndefined)
_EMPTY = ENVIRONMENT.from_string("")


@lru_cache(maxsize=512)
def parse(source: str) -> BoundTemplate:
    """The parsed template; raises LiquidError, with the line, for what is not one."""
    if len(source) > MAX_SOURCE:
        raise LiquidError(f"the text is longer than {MAX_SOURCE} characters", token=None)
    if RESERVED in source:
        raise LiquidError(f"“{RESERVED}” is reserved", token=None)
    return ENVIRONMENT.from_string(source)


def outline(
    source: str, shared: Mapping[str, object], contact: Mapping[str, object] | None = None, *, first_mark: int = 0
) -> Skeleton:
    """Renders to a skeleton: for all recipients without `contact` (raises NeedsContact where that cannot be), or for one."""
    template = parse(source)
    values = SharedGlobals(shared) if contact is None else {**shared, CONTACT: contact}
    context = RenderContext(template, globals=values)
    skeleton = Skeleton(first_mark=first_mark, deadline=time.thread_time() + MAX_SECONDS)
    context.tag_namespace["skeleton"] = skeleton
    buffer = template._get_buffer()
    template.render_with_context(context, buffer)
    skeleton.text = buffer.getvalue()
    return skeleton


def sentence(error: LiquidError) -> str:
    """The error as one line for a planner: where, then what."""
    where = error.context()
    text = str(error.message or error).rstrip(".")
    return _("Line %(line)d: %(problem)s.") % {"line": where[0], "problem": text} if where else f"{text[:1].upper()}{text[1:]}."
