"""What is wrong with a template, before anybody is sent it."""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches

from django.utils.translation import gettext as _
from liquid.exceptions import LiquidError
from liquid.static_analysis import Segments, TemplateAnalysis, Variable

from .liquid import CONTACT, ENVIRONMENT, outline, parse, sentence
from .markdown import refused_markup
from .variables import VARIABLES, sample_context

KNOWN = {variable.name for variable in VARIABLES}
OWNERS = {name.partition(".")[0] for name in KNOWN}
LIST_PROPERTIES = {"size", "first", "last"}


@dataclass(frozen=True, kw_only=True)
class Problem:
    """`part` is the field of a template, `line` 0 where it is the whole text's; the sentence names both."""

    part: str
    line: int
    sentence: str


def check_template(subject: str, body: str) -> list[str]:
    """The problems of a template, a whole sentence each, naming the part, the line and the nearest thing that exists."""
    return [problem.sentence for problem in problems_of(subject, body)]


def problems_of(subject: str, body: str) -> list[Problem]:
    parts = (("subject", _("Subject"), subject), ("body", _("Text"), body))
    return [
        Problem(part=part, line=line, sentence=_("%(part)s: %(problem)s") % {"part": name, "problem": text})
        for part, name, source in parts
        for line, text in _problems(source)
    ]


def _problems(source: str) -> list[tuple[int, str]]:
    """Each with its line."""
    try:
        found = parse(source).analyze()
    except LiquidError as error:
        return [_of_error(error)]
    problems = [*_unknown_names(found, source), *_taken_names(found, source), *_unknown_filters(found, source)]
    return problems or [*_dry_run(source)]


def _of_error(error: LiquidError) -> tuple[int, str]:
    where = error.context()
    return where[0] if where else 0, sentence(error)


def _unknown_names(found: TemplateAnalysis, source: str) -> Iterator[tuple[int, str]]:
    for uses in found.globals.values():
        for use in uses:
            if not _is_known(use.segments):
                yield _at(
                    _line(use, source),
                    _("there is no variable “%(name)s”.%(hint)s") % {"name": use, "hint": _nearest(str(use), KNOWN)},
                )


def _is_known(segments: Segments) -> bool:
    if not all(isinstance(part, str | int) for part in segments):
        return False  # worked out while rendering: nobody could say whether it exists
    name, rest = ".".join(str(part) for part in segments[:2]), segments[2:]
    is_list = any(variable.name == name and isinstance(variable.sample, list) for variable in VARIABLES)
    return name in KNOWN and (
        not rest or (is_list and len(rest) == 1 and (isinstance(rest[0], int) or rest[0] in LIST_PROPERTIES))
    )


def _taken_names(found: TemplateAnalysis, source: str) -> Iterator[tuple[int, str]]:
    for name in sorted(OWNERS & set(found.locals)):
        yield _at(_line(found.locals[name][0], source), _("“%(name)s” is taken; choose another name.") % {"name": name})


def _unknown_filters(found: TemplateAnalysis, source: str) -> Iterator[tuple[int, str]]:
    for name, places in found.filters.items():
        if name not in ENVIRONMENT.filters:
            line = places[0].line_col(source)[0]
            yield (
                line,
                _("Line %(line)d: there is no filter “%(name)s”.%(hint)s")
                % {"line": line, "name": name, "hint": _nearest(name, set(ENVIRONMENT.filters))},
            )


def _dry_run(source: str) -> Iterator[tuple[int, str]]:
    """Renders with every sample, and with all that may be missing left out."""
    for with_optional in (True, False):
        context = sample_context(with_optional=with_optional)
        contact = context.pop(CONTACT)
        try:
            skeleton = outline(source, context, contact)
        except LiquidError as error:
            yield _of_error(error)
            return
    for markup in refused_markup(skeleton.text):
        before, is_there, _rest = source.partition(markup)
        line = before.count("\n") + 1 if is_there else 0
        yield line, _("“%(markup)s” would not be shown: neither HTML nor pictures may be used.") % {"markup": markup}


def _line(use: Variable, source: str) -> int:
    return use.span.line_col(source)[0]


def _at(line: int, problem: str) -> tuple[int, str]:
    return line, _("Line %(line)d: ") % {"line": line} + problem


def _nearest(name: str, known: set[str]) -> str:
    near = get_close_matches(name, sorted(known), n=1, cutoff=0.6)
    return _(" Is “%(name)s” meant?") % {"name": near[0]} if near else ""
