import pytest

from apps.audiences.rules import All, Any_, Condition, Not, Op, RuleError, parse

FRENCH = {"field": "language", "op": "is", "value": "fr"}
IS_FRENCH = Condition(field="language", op=Op.IS, value="fr")


def nested(depth: int) -> dict:
    return FRENCH if depth == 0 else {"all": [nested(depth - 1)]}


@pytest.mark.parametrize(
    ("rule", "parsed"),
    [
        pytest.param({"all": []}, All(parts=()), id="everybody"),
        pytest.param(FRENCH, IS_FRENCH, id="one-condition"),
        pytest.param({"any": [FRENCH, FRENCH]}, Any_(parts=(IS_FRENCH, IS_FRENCH)), id="any"),
        pytest.param({"not": FRENCH}, Not(part=IS_FRENCH), id="not"),
        pytest.param(
            {"field": "email_domain", "op": "in", "value": ["a.org"]},
            Condition(field="email_domain", op=Op.IN, value=("a.org",)),
            id="in",
        ),
        pytest.param(
            {"field": "attributes.seats", "op": "is", "value": 3},
            Condition(field="attributes.seats", op=Op.IS, value="3"),
            id="number-as-it-is-written",
        ),
        pytest.param(
            {"field": "attributes.beta", "op": "is", "value": True},
            Condition(field="attributes.beta", op=Op.IS, value="true"),
            id="boolean-as-it-is-written",
        ),
    ],
)
def test_a_rule_is_read(rule, parsed):
    assert parse(rule) == parsed


def test_groups_nest_four_deep():
    assert parse(nested(4))


@pytest.mark.parametrize(
    ("rule", "fault"),
    [
        pytest.param({}, 'The rule is empty. To reach everybody, write {"all": []}.', id="empty"),
        pytest.param([], "Here belongs an object with", id="list"),
        pytest.param(None, "Here belongs an object with “all”, “any”, “not” or “field”, not null.", id="null"),
        pytest.param({"all": [], "any": []}, "Here belongs exactly one of", id="two-groups"),
        pytest.param({"none": []}, "Here belongs exactly one of “all”, “any” and “not”, or a condition", id="unknown-group"),
        pytest.param({"any": []}, "any: An empty list would reach nobody", id="nobody"),
        pytest.param({"all": FRENCH}, "all: Here belongs a list in brackets, not {…}.", id="group-without-list"),
        pytest.param({"all": [FRENCH, 3]}, "all[1]: Here belongs an object", id="number-in-group"),
        pytest.param({"not": [FRENCH]}, "not: Here belongs an object", id="not-of-a-list"),
        pytest.param(nested(5), "all[0].all[0].all[0].all[0]: Groups may be nested 4 deep.", id="too-deep"),
        pytest.param({"all": [FRENCH] * 101}, "The rule has more than 100 conditions.", id="too-many"),
        pytest.param(FRENCH | {"field": "phone"}, "field: “phone” is not a field; there are language, ", id="field"),
        pytest.param(FRENCH | {"field": "attributes."}, "field: “attributes.” is not a field", id="nameless-attribute"),
        pytest.param(FRENCH | {"field": "attributes.a.b"}, "field: “attributes.a.b” is not a field", id="deep-attribute"),
        pytest.param(FRENCH | {"field": 3}, "field: “3” is not a field", id="number-as-field"),
        pytest.param({"all": [FRENCH, FRENCH | {"op": "like"}]}, "all[1].op: “like” cannot be asked of language", id="op"),
        pytest.param(
            {"field": "language", "value": "fr"}, "op: null cannot be asked of language; there are is, is_not,", id="no-op"
        ),
        pytest.param({"field": "language", "op": "is"}, "value: The value is missing.", id="no-value"),
        pytest.param({"not": FRENCH | {"values": []}}, "not.values: A condition has “field”, “op” and “value” only.", id="extra"),
        pytest.param(FRENCH | {"value": ""}, "value: Here belongs a text that is not empty", id="blank"),
        pytest.param(FRENCH | {"value": "a\0b"}, "value: Here belongs a text", id="nul"),
        pytest.param(FRENCH | {"value": None}, "value: Here belongs a text that is not empty, not null.", id="null-value"),
        pytest.param(FRENCH | {"op": "in"}, "value: Here belongs a list of 1 to 1000 values.", id="in-without-list"),
        pytest.param(FRENCH | {"op": "in", "value": []}, "value: Here belongs a list of 1 to 1000 values.", id="in-nothing"),
        pytest.param(FRENCH | {"op": "in", "value": ["a", {}]}, "value[1]: Here belongs a text", id="in-object"),
        pytest.param(FRENCH | {"op": "exists"}, "value: Here belongs true or false, not “fr”.", id="exists-text"),
        pytest.param(
            {"field": "is_internal", "op": "is", "value": "yes"}, "value: Here belongs true or false", id="internal-text"
        ),
        pytest.param(
            {"field": "is_internal", "op": "in", "value": [True]}, "op: “in” cannot be asked of is_internal", id="internal-in"
        ),
        pytest.param({"field": "language", "op": ["is"], "value": "x"}, "op: […] cannot be asked of language", id="op-list"),
    ],
)
def test_a_fault_names_its_place(rule, fault):
    with pytest.raises(RuleError) as error:
        parse(rule)
    assert str(error.value).startswith(fault)
