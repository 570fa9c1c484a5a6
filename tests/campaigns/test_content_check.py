"""What is said of a template that would not work, before anybody is sent it."""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.campaigns.content import VARIABLES, ContentError, check_template
from apps.campaigns.content.context import contact_context, shared_context
from apps.campaigns.content.liquid import FILTERS, MAX_SOURCE, TAGS
from apps.campaigns.content.variables import sample_context
from tests.campaigns.test_content_values import compiled, facts, person

DOCS = Path(__file__).parents[2] / "docs" / "templates.md"


def test_samples_read_as_words():
    words = {variable.name: variable.sample_words for variable in VARIABLES}
    assert words["window.services"] == "Customer portal, Checkout"
    assert words["window.is_temporary"] == "false"
    assert words["touchpoint.number"] == "1"


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("{{ window.tittle }}", "Text: Line 1: there is no variable “window.tittle”. Is “window.title” meant?"),
        ("One\n\n{{ contact.nme | default: 'x' }}", "Text: Line 3: there is no variable “contact.nme”. Is “contact.name” meant?"),
        ("{{ window }}", "Text: Line 1: there is no variable “window”. Is “window.ends” meant?"),
        ("{{ window[contact.name] }}", "Text: Line 1: there is no variable “window[contact.name]”. Is “contact.name” meant?"),
        ("{{ window.title.size }}", "Text: Line 1: there is no variable “window.title.size”. Is “window.title” meant?"),
        ("{% for s in window.services %}{{ s.name }}{% endfor %}", "Text: Line 1: s.name is undefined."),
        ("{{ window.title | upcas }}", "Text: Line 1: there is no filter “upcas”. Is “upcase” meant?"),
        ("{{ window.title | replace: 'a', 'b' }}", "Text: Line 1: there is no filter “replace”."),
        ("a\nb {% if %}x{% endif %}", "Text: Line 2: missing expression."),
        ("a\n{{ window.title", "Text: Line 2: expected '}}', found end of file."),
        ("{% if window.reason %}", "Text: Expected tag endif, found end of expression."),
        ("{% include 'x' %}", "Text: Line 1: unexpected tag 'include'."),
        ("{% capture x %}{% endcapture %}", "Text: Line 1: unexpected tag 'capture'."),
        ("{% assign contact = 1 %}", "Text: Line 1: “contact” is taken; choose another name."),
        ("{% for i in (1..100000) %}x{% endfor %}", "Text: Line 1: loop iteration limit reached."),
        ("{% for i in (1..900) %}" + "x" * 100 + "{% endfor %}", "Text: Line 1: output stream limit reached."),
        ("x" * (MAX_SOURCE + 1), f"Text: The text is longer than {MAX_SOURCE} characters."),
        ("qzxt000000qzx", "Text: “qzx” is reserved."),
        ("![Logo](https://x.example/l.png)", "Text: “https://x.example/l.png” would not be shown: neither HTML nor pictures may be used."),
        ("<b>x", "Text: “<b>” would not be shown: neither HTML nor pictures may be used."),
    ],
)  # fmt: skip
def test_a_problem_names_place_and_cause(body, problem):
    assert check_template("", body) == [problem]


def test_the_subject_is_checked_too():
    assert check_template("{{ windw.title }}", "Fine") == [
        "Subject: Line 1: there is no variable “windw.title”. Is “window.title” meant?"
    ]


@pytest.mark.parametrize(
    "body",
    [
        "{% for s in window.services %}{{ forloop.index }}. {{ s }}\n{% endfor %}{{ window.services.size }}",
        "{% if window.reason and window.impact_level == 'outage' %}{{ window.reason | truncate: 20 }}{% endif %}",
        "{% assign who = contact.name | default: 'you' %}{{ who | append: '!' }}",
        "{% case window.impact_level %}{% when 'outage' %}a{% else %}b{% endcase %}",
        "{{ window.services | join: ' and ' }} 5 < 6 & `<b>`",
    ],
)
def test_a_sound_template_has_no_problems(body):
    assert check_template("", body) == []


@pytest.mark.parametrize(
    "bomb",
    [
        "{% assign a = 'xxxxxxxxxx' %}{% for i in (1..900) %}{% assign a = a | append: a %}{% endfor %}",
        "{% for i in (1..30) %}{% for j in (1..30) %}{% for k in (1..30) %}{% endfor %}{% endfor %}{% endfor %}",
        "{% if window.title %}" * 12 + "{% endif %}" * 12,
        "{{ '" + "x" * 9_000 + "' | append: '" + "x" * 9_000 + "' }}",
    ],
)
def test_a_template_cannot_run_away(bomb):
    assert len(check_template("", bomb)) == 1


def test_an_unknown_variable_that_slipped_through_is_named_on_rendering():
    with pytest.raises(ContentError, match=r"announce \(en\) cannot be rendered\. Line 1: window\.nope is undefined\."):
        compiled("{{ window.nope }}")
    with pytest.raises(ContentError, match=r"Line 1: contact\.nope is undefined"):
        compiled("{{ contact.nope }}").render(person())
    with pytest.raises(ContentError, match=r"Line 1: contact\.nope is undefined"):
        compiled("{% if contact.nope %}{% endif %}").render(person())


def test_the_list_of_variables_is_what_templates_are_given():
    shared = shared_context(facts(), language="en", zone="UTC")
    given = {f"{owner}.{name}" for owner, values in shared.items() for name in values}
    given |= {f"contact.{name}" for name in contact_context(person(), language="en")}
    assert given == {variable.name for variable in VARIABLES}


def test_nothing_but_plain_values_reaches_a_template():
    shared = shared_context(facts(), language="en", zone="UTC") | {"contact": contact_context(person(), language="en")}
    values = [value for owner in shared.values() for value in owner.values()]
    assert all(value is None or isinstance(value, str | int | bool | list) for value in values)


def test_only_optional_variables_may_be_missing():
    missing = {
        f"{owner}.{name}"
        for owner, values in (
            shared_context(facts(), language="en", zone="UTC") | {"contact": contact_context(None, language="en")}
        ).items()
        for name, value in values.items()
        if value is None
    }
    assert missing <= {variable.name for variable in VARIABLES if variable.is_optional}
    assert sample_context(with_optional=False)["window"]["reason"] is None


def test_the_docs_name_every_variable_tag_and_filter():
    named = set(re.findall(r"`([^`]+)`", DOCS.read_text(encoding="utf-8")))
    assert {variable.name for variable in VARIABLES} <= named
    assert named >= FILTERS
    assert named >= TAGS - {"#"}


FRAGMENTS = st.sampled_from(
    [
        *(
            "{{",
            "}}",
            "{%",
            "%}",
            " ",
            "|",
            ":",
            "'",
            ",",
            "..",
            "(",
            ")",
            "[",
            "]",
            ".",
            "\n",
            "-",
            "1",
            "99999999999999999999",
            "1.5",
        ),
        *(
            "window",
            "contact.name",
            "window.services",
            "if ",
            "for i in ",
            "endif",
            "endfor",
            "case ",
            "when ",
            "assign x = ",
            "else",
        ),
        *(
            "truncate",
            "default",
            "join",
            "first",
            "size",
            "append",
            "nil",
            "blank",
            "true",
            "contains",
            "==",
            "and",
            "limit:",
            "reversed",
        ),
        *(
            "{{ window.title | truncate: ",
            "{% for i in window.services limit: ",
            "{% if contact.name contains ",
            "{% endraw %}",
            "{% raw %}",
        ),
    ]
)


@given(st.lists(FRAGMENTS, max_size=20).map("".join))
@settings(max_examples=300, deadline=None)
def test_whatever_is_written_is_answered_with_sentences(body):
    assert all(isinstance(problem, str) and "\n" not in problem for problem in check_template("", body))
