import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.audiences.builder import (
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
from apps.audiences.rules import RuleError, parse

FR = {"field": "language", "op": "is", "value": "fr"}
GOLD = {"field": "attributes.plan", "op": "in", "value": ["gold", "silver"]}
STAFF = {"field": "is_internal", "op": "is", "value": True}


@pytest.mark.parametrize(
    "rule",
    [
        pytest.param({"all": []}, id="everybody"),
        pytest.param({"all": [FR]}, id="one"),
        pytest.param({"all": [FR, GOLD, STAFF]}, id="all"),
        pytest.param({"any": [FR, GOLD]}, id="any"),
        pytest.param({"all": [FR, {"any": [GOLD, STAFF]}]}, id="all with a group"),
        pytest.param({"any": [{"all": [FR, GOLD]}, {"all": [FR, STAFF]}]}, id="any of groups"),
        pytest.param({"all": [FR, {"not": {"any": [GOLD, STAFF]}}]}, id="none"),
        pytest.param({"all": [{"not": GOLD}]}, id="none of"),
        pytest.param({"all": [{"not": {"field": "email", "op": "contains", "value": "test"}}]}, id="does not contain"),
        pytest.param({"all": [{"field": "time_zone", "op": "exists", "value": False}]}, id="not known"),
    ],
)
def test_a_rule_comes_back_from_the_form_as_it_was(rule):
    assert rule_of(blocks_of(parse(rule))) == rule


@pytest.mark.parametrize(
    ("rule", "same"),
    [
        pytest.param(FR, {"all": [FR]}, id="a bare condition"),
        pytest.param({"not": FR}, {"all": [{"not": {"any": [FR]}}]}, id="a bare not"),
        pytest.param({"not": {"any": [FR, GOLD]}}, {"all": [{"not": {"any": [FR, GOLD]}}]}, id="none alone"),
        pytest.param(
            {"all": [{"field": "is_internal", "op": "is_not", "value": True}]},
            {"all": [{"field": "is_internal", "op": "is", "value": False}]},
            id="not a colleague",
        ),
        pytest.param({"all": [{"any": [FR]}, GOLD]}, {"all": [FR, GOLD]}, id="a group of one"),
    ],
)
def test_a_rule_comes_back_in_other_words_for_the_same(rule, same):
    assert rule_of(blocks_of(parse(rule))) == same


@pytest.mark.parametrize(
    "rule",
    [
        pytest.param({"all": [{"any": [FR, {"all": [GOLD, STAFF]}]}]}, id="two deep"),
        pytest.param({"not": {"all": [FR, GOLD]}}, id="not all"),
        pytest.param({"field": "organisation", "op": "in", "value": ["a; b"]}, id="the separator in a value"),
        pytest.param({"field": "organisation", "op": "is", "value": " Acme"}, id="a blank that the form would lose"),
    ],
)
def test_what_the_form_cannot_show_is_left_to_json(rule):
    with pytest.raises(TooDeep):
        blocks_of(parse(rule))


values = st.text("abc;, é", min_size=1).filter(str.strip)
conditions = st.one_of(
    st.builds(lambda op, value: {"field": "organisation", "op": op, "value": value}, st.sampled_from(["is", "contains"]), values),
    st.builds(lambda listed: {"field": "attributes.x", "op": "in", "value": listed}, st.lists(values, min_size=1, max_size=3)),
    st.builds(lambda known: {"field": "email", "op": "exists", "value": known}, st.booleans()),
    st.builds(
        lambda op, value: {"field": "is_internal", "op": op, "value": value}, st.sampled_from(["is", "is_not"]), st.booleans()
    ),
)
rules = st.recursive(
    conditions,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda parts: {"all": parts}),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"any": parts}),
        inner.map(lambda part: {"not": part}),
    ),
    max_leaves=6,
)


def holds(rule, contact):
    """What a rule means, said once more and plainly."""
    if "all" in rule:
        return all(holds(part, contact) for part in rule["all"])
    if "any" in rule:
        return any(holds(part, contact) for part in rule["any"])
    if "not" in rule:
        return not holds(rule["not"], contact)
    return contact[
        repr({**rule, "op": "is", "value": rule["value"] is (rule["op"] == "is")})
        if rule["field"] == "is_internal"
        else repr(rule)
    ]


@given(rule=rules, data=st.data())
def test_whatever_the_form_shows_means_what_the_rule_meant(rule, data):
    try:
        blocks = blocks_of(parse(rule))
    except (TooDeep, RuleError):
        return
    back = rule_of(blocks)
    answers: dict[str, bool] = {}

    class Contact(dict):
        def __missing__(self, key):
            answers[key] = answers.get(key, data.draw(st.booleans()))
            return answers[key]

    contact = Contact()
    kind = data.draw(st.booleans())
    contact[repr({"field": "is_internal", "op": "is", "value": True})] = kind
    contact[repr({"field": "is_internal", "op": "is", "value": False})] = not kind
    assert holds(rule, contact) == holds(back, contact)


def test_lines_come_and_go():
    blocks = with_line(with_line(Blocks(), -1), 0)
    assert [len(group.lines) for group in blocks.groups] == [2]
    assert without_line(without_line(blocks, 0, 0), 0, 0) == Blocks()


def test_a_form_is_read_whatever_it_sends():
    data = {
        "rule-join": "any",
        "rule-1-join": "nonsense",
        "rule-1-10-field": "organisation",
        "rule-1-10-ask": "colleague",
        "rule-1-10-value": " Acme ",
        "rule-1-9-field": "attribute",
        "rule-1-9-attribute": "plan",
        "rule-1-9-ask": "known",
        "rule-x-1-field": "email",
        "rule-2-field": "email",
        "rule-0-join": "none",
        "rule--1-0-field": "email",
    }
    (group,) = blocks_posted(data, "rule").groups
    assert group == Group(
        join=Join.ALL,
        lines=(Line(field="attributes.plan", ask=Ask.KNOWN), Line(field="organisation", ask=Ask.IS, value="Acme")),
    )
