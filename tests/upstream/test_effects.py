from datetime import timedelta

import pytest

from apps.upstream import effects
from apps.upstream.effects import Decision, Effect, Outcome, Said, Standing, decide, is_newer
from apps.windows.models import ENDED_STATUSES, WindowStatus
from tests.factories import DAY, HOUR, NOW

START = NOW + 30 * DAY


def said(**fields):
    defaults = {"status": "CONFIRMED", "starts_at": START, "ends_at": START + 4 * HOUR, "impact": "outage"}
    return Said(**(defaults | {"summary": "Works", "objects": ("circuit-7",)} | fields))


def window(status, **fields):
    return Standing(**({"status": status, "starts_at": START, "ends_at": START + 4 * HOUR, "impact": "outage"} | fields))


MOVED = {"starts_at": START + DAY, "ends_at": START + DAY + 4 * HOUR}


@pytest.mark.parametrize(
    ("taken", "now_said", "standing", "effect", "outcome"),
    [
        pytest.param(None, said(), None, "open_draft", "new_draft", id="new"),
        pytest.param(None, said(status="TENTATIVE"), None, "open_draft", "new_draft", id="new-and-tentative"),
        pytest.param(None, said(status="CANCELLED"), None, "nothing", "never_planned", id="cancelled-before-we-knew"),
        pytest.param(None, said(starts_at=NOW - DAY, ends_at=NOW), None, "nothing", "past", id="over"),
        pytest.param(said(), said(**MOVED), window("draft"), "edit_draft", "draft_follows", id="draft-moves"),
        pytest.param(said(), said(), window("draft"), "edit_draft", "draft_agrees", id="draft-stays"),
        pytest.param(said(), said(status="CANCELLED"), window("draft"), "drop_draft", "called_off", id="draft-called-off"),
        pytest.param(said(), said(status="COMPLETED"), window("draft"), "drop_draft", "done_without_us", id="draft-too-late"),
        pytest.param(said(), said(**MOVED), window("scheduled"), "propose", "to_move", id="promise-moves"),
        pytest.param(said(), said(impact="no_impact"), window("scheduled"), "propose", "to_move", id="promise-weighs-less"),
        pytest.param(said(), said(**MOVED), window("scheduled", **MOVED), "nothing", "agrees", id="planner-was-quicker"),
        pytest.param(said(), said(), window("scheduled", **MOVED), "nothing", "agrees", id="planner-chose-otherwise"),
        pytest.param(said(), said(summary="Typo"), window("scheduled"), "nothing", "agrees", id="words-only"),
        pytest.param(said(), said(status="CANCELLED"), window("scheduled"), "propose", "to_cancel", id="promise-cancelled"),
        pytest.param(
            said(status="CANCELLED"), said(status="CANCELLED"), window("scheduled"), "nothing", "agrees", id="cancelled-and-left"
        ),
        pytest.param(said(), said(ends_at=START + 6 * HOUR), window("in_progress"), "propose", "to_move", id="longer"),
        pytest.param(
            said(), said(starts_at=START - HOUR), window("in_progress"), "nothing", "agrees", id="an-earlier-start-is-history"
        ),
        pytest.param(said(), said(status="IN-PROCESS"), window("scheduled"), "nothing", "agrees", id="begun"),
        pytest.param(said(), said(status="COMPLETED"), window("in_progress"), "propose", "to_complete", id="over-there"),
        pytest.param(said(), said(**MOVED), window("cancelled"), "nothing", "window_ended", id="planner-cancelled"),
        pytest.param(said(status="CANCELLED"), said(**MOVED), window("cancelled"), "open_draft", "new_draft", id="revived"),
    ],
)
def test_what_a_notice_leads_to(taken, now_said, standing, effect, outcome):
    decision = decide(taken=taken, said=now_said, window=standing, is_ours=True, now=NOW)
    assert decision == Decision(effect=Effect(effect), outcome=Outcome(outcome))


def test_what_is_no_concern_of_ours_becomes_nothing():
    decision = decide(taken=None, said=said(), window=None, is_ours=False, now=NOW)
    assert (decision.effect, decision.outcome) == (Effect.NOTHING, Outcome.NOT_OURS)


@pytest.mark.parametrize(
    ("known", "incoming", "differs", "newer"),
    [
        pytest.param((1, NOW), (2, NOW), True, True, id="higher"),
        pytest.param((2, NOW), (1, NOW + HOUR), True, False, id="lower-though-written-later"),
        pytest.param((1, NOW), (1, NOW + HOUR), True, True, id="same-number-written-later"),
        pytest.param((1, NOW), (1, NOW), True, False, id="repeated"),
        pytest.param((3, NOW), (None, NOW + HOUR), True, True, id="no-number-written-later"),
        pytest.param((3, NOW), (None, NOW - HOUR), True, False, id="no-number-written-earlier"),
        pytest.param((0, None), (None, None), True, True, id="neither-tells-and-it-differs"),
        pytest.param((0, None), (None, None), False, False, id="neither-tells-and-it-is-the-same"),
    ],
)
def test_which_version_counts(known, incoming, differs, newer):
    assert is_newer(known=known, incoming=incoming, differs=differs) is newer


def test_what_was_taken_over_is_kept_and_read_again():
    assert Said.load(said().dump()) == said()
    assert Said.load({}) is None
    assert said().ends_at - said().starts_at == timedelta(hours=4)


def test_the_rule_knows_the_states_of_windows():
    assert (effects.DRAFT, effects.SCHEDULED) == (WindowStatus.DRAFT, WindowStatus.SCHEDULED)
    assert set(effects.ENDED) == set(ENDED_STATUSES)
