"""The judge of the drills has to find what they are for: each fault, named and counted."""

import pytest

from .judge import add, judge
from .sink import Received

DUE_AT = 1000.0


def row(address="cem", *, state="sent", token="k1", doubts=0, touchpoint=1):
    return {"touchpoint_id": touchpoint, "revision": 1, "address": address, "token": token, "state": state, "doubts": doubts}


def note(address="cem", *, key="k1", at=DUE_AT + 1):
    return Received(recipient=address, key=key, at=at)


def verdict(notes, ledger, people=1):
    return judge(notes, ledger, people=people, due_at=DUE_AT)


def faults(found):
    return {name: getattr(found, name) for name in ("lost", "doubled", "denied", "stray") if getattr(found, name)}


@pytest.mark.parametrize(
    ("notes", "ledger"),
    [
        pytest.param([note()], [row()], id="sent and received"),
        pytest.param([], [row(state="failed")], id="not received, with a reason"),
        pytest.param([], [row(state="in_doubt", doubts=1)], id="in doubt, did not arrive"),
        pytest.param([note()], [row(state="in_doubt", doubts=1)], id="in doubt, did arrive"),
        pytest.param([note(), note()], [row(doubts=1)], id="repeated after a doubt"),
        pytest.param([note(), note("somebody")], [row()], id="another drill's message"),
    ],
)
def test_what_is_as_it_should_be(notes, ledger):
    assert faults(verdict(notes, ledger)) == {}


@pytest.mark.parametrize(
    ("notes", "ledger", "found"),
    [
        pytest.param([], [row()], {"lost": ["cem"]}, id="sent, says the ledger"),
        pytest.param([], [row(state="pending")], {"lost": ["cem"]}, id="still waiting at the end"),
        pytest.param([], [], {"lost": ["(not in the ledger)"]}, id="never written"),
        pytest.param([note(), note()], [row()], {"doubled": ["cem"]}, id="twice without a doubt"),
        pytest.param([note(), note()], [row(state="in_doubt", doubts=1)], {"doubled": ["cem"]}, id="twice, the doubt stands"),
        pytest.param([note()] * 3, [row(doubts=1)], {"doubled": ["cem"]}, id="three times after one doubt"),
        pytest.param([note()], [row(state="cancelled")], {"denied": ["cem"]}, id="received though cancelled"),
        pytest.param([note(), note(key="k2")], [row()], {"stray": ["cem"]}, id="a message that no row knows"),
        pytest.param(
            [note(), note(key="k2")], [row(), row(token="k2")], {"doubled": ["cem"]}, id="two rows of a touchpoint, both received"
        ),
    ],
)
def test_what_is_not(notes, ledger, found):
    assert faults(verdict(notes, ledger)) == found


def test_repeats_and_doubts_are_counted():
    found = verdict(
        [note(), note(), note("dan", key="k2")], [row(doubts=1), row("dan", token="k2", state="unknown", doubts=1)], 2
    )

    assert (found.received, found.repeated, found.doubts, found.in_doubt, found.arrived_in_doubt) == (2, 1, 2, 1, 1)


def test_lateness_is_measured_from_the_due_time():
    found = verdict([note(at=DUE_AT - 0.5), note("dan", key="k2", at=DUE_AT + 7)], [row(), row("dan", token="k2")], 2)

    assert (found.first_after, found.last_after) == (-0.5, 7)


def test_several_verdicts_make_one():
    on_time = verdict([note(at=DUE_AT + 1)], [row()]).summary()
    lost = verdict([note("dan", key="k2", at=DUE_AT + 9)], [row(), row("dan", token="k2")], 2).summary()

    both = add(add({}, on_time), lost)

    assert (both["people"], both["lost"], both["states"], both["first_after"]) == (3, 1, {"sent": 3}, 9)
