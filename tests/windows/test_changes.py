from apps.windows.changes import REFUSALS, SOURCES
from apps.windows.models import WINDOW_TRANSITIONS, RevisionChange, WindowStatus

TARGETS = {
    RevisionChange.SCHEDULED: WindowStatus.SCHEDULED,
    RevisionChange.STARTED: WindowStatus.IN_PROGRESS,
    RevisionChange.VERIFYING: WindowStatus.VERIFYING,
    RevisionChange.RESUMED: WindowStatus.IN_PROGRESS,
    RevisionChange.COMPLETED: WindowStatus.COMPLETED,
    RevisionChange.CANCELLED: WindowStatus.CANCELLED,
    RevisionChange.WITHDRAWN: WindowStatus.DRAFT,
}


def test_the_verbs_cover_the_transition_table_exactly() -> None:
    moves = {(source, target) for change, target in TARGETS.items() for source in SOURCES[change]}
    assert moves == {(source, target) for source, targets in WINDOW_TRANSITIONS.items() for target in targets}


def test_every_change_has_its_sources_and_its_refusal() -> None:
    assert set(SOURCES) == set(REFUSALS) == set(RevisionChange)
