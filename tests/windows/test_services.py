from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError

from apps.accounts.models import AuditEvent
from apps.windows import services
from apps.windows.models import MaintenanceWindow, RevisionChange, WindowStatus
from apps.windows.services import WindowError
from tests.factories import DAY, HOUR, NOW, make_service, make_user, make_window

pytestmark = pytest.mark.django_db

START = NOW + 30 * DAY
END = START + 4 * HOUR


def create(**fields):
    defaults = {
        "title": "Database upgrade",
        "services": fields.pop("services", None) or [make_service()],
        "starts_at": START,
        "ends_at": END,
        "time_zone": "Europe/Paris",
        "impact": "outage",
        "actor": None,
        "now": NOW,
    }
    return services.create_window(**(defaults | fields))


def test_a_new_window_is_a_draft_with_an_announced_range():
    window = create()
    assert (window.status, window.revision) == (WindowStatus.DRAFT, 0)
    assert window.announced_ends_at == START + 6 * HOUR


def test_a_new_window_keeps_its_services_texts_and_author():
    ana, checkout = make_user(), make_service("Checkout")
    window = create(actor=ana, services=[checkout], reason="Security", language="fr")
    assert list(window.services.all()) == [checkout]
    assert (window.reason, window.language, window.created_by) == ("Security", "fr", ana)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        pytest.param({"ends_at": START}, "ends before it starts", id="empty"),
        pytest.param({"ends_at": START - HOUR}, "ends before it starts", id="backwards"),
        pytest.param({"starts_at": NOW - DAY, "ends_at": NOW - HOUR}, "already be over", id="past"),
        pytest.param({"announced_ends_at": START}, "announced end is before", id="range"),
        pytest.param({"starts_at": NOW.replace(year=9998), "ends_at": NOW.replace(year=9999)}, "five years", id="far"),
        pytest.param({"time_zone": "Europe/Pariss"}, "Time zone: “Europe/Pariss” is not an IANA", id="zone"),
        pytest.param({"title": "  "}, "Title: This field cannot be blank", id="title"),
        pytest.param({"title": "x" * 141}, "Title: Ensure this value has at most 140", id="long-title"),
        pytest.param({"impact": "huge"}, "Impact: Value 'huge' is not a valid choice", id="impact"),
        pytest.param({"language": "xx"}, "Language of the texts: Value 'xx'", id="language"),
    ],
)
def test_a_window_that_cannot_be_promised_is_refused_whole(fields, sentence):
    with pytest.raises(WindowError, match=sentence):
        create(**fields)
    assert not MaintenanceWindow.objects.exists()
    assert not AuditEvent.objects.exists()


def test_a_draft_without_services_cannot_be_promised():
    window = services.create_window(
        title="x", services=[], starts_at=START, ends_at=END, time_zone="UTC", impact="outage", actor=None, now=NOW
    )
    with pytest.raises(WindowError, match="at least one service"):
        services.schedule_window(window, actor=None, now=NOW)


def test_a_refusal_is_a_validation_error():
    assert issubclass(WindowError, ValidationError)


def test_scheduling_promises_the_window():
    window = create()
    revision = services.schedule_window(window, actor=None, now=NOW + HOUR)
    assert (window.status, window.revision, window.scheduled_at) == (WindowStatus.SCHEDULED, 1, NOW + HOUR)
    assert (revision.number, revision.change, revision.starts_at) == (1, RevisionChange.SCHEDULED, START)


def test_a_draft_whose_end_has_passed_cannot_be_scheduled():
    window = create()
    with pytest.raises(WindowError, match="already be over"):
        services.schedule_window(window, actor=None, now=END)


def test_the_good_life_of_a_window():
    window, ana = create(), make_user()
    who = {"actor": ana}
    services.schedule_window(window, **who, now=NOW)
    services.start_window(window, **who, now=START)
    services.begin_verifying(window, **who, now=START + HOUR)
    services.resume_window(window, **who, now=START + 2 * HOUR)
    services.begin_verifying(window, **who, now=START + 3 * HOUR)
    services.complete_window(window, outcome="Done. ", is_temporary=True, **who, now=END)
    window = MaintenanceWindow.objects.get()
    assert (window.status, window.revision, window.outcome, window.is_temporary_fix) == ("completed", 6, "Done.", True)
    assert (window.actual_started_at, window.actual_ended_at, window.content_changed_at) == (START, END, END)
    assert [row.number for row in window.revisions.all()] == [1, 2, 3, 4, 5, 6]
    assert all(row.changed_by == ana for row in window.revisions.all())


def test_each_change_leaves_an_audit_event_of_its_own():
    window, ana = create(), make_user()
    services.schedule_window(window, actor=ana, now=NOW)
    services.cancel_window(window, reason="Not needed", actor=ana, now=NOW + HOUR)
    cancelled, scheduled, created = AuditEvent.objects.all()
    assert [created.verb, scheduled.verb, cancelled.verb] == ["window.created", "window.scheduled", "window.cancelled"]
    assert (cancelled.actor, cancelled.subject_id, cancelled.detail["reason"]) == (ana, str(window.pk), "Not needed")


def test_moving_keeps_the_window_scheduled_and_says_what_was():
    window = make_window(starts_at=START)
    revision = services.reschedule_window(
        window, starts_at=START + DAY, ends_at=END + DAY, reason="Supplier late", actor=None, now=NOW
    )
    assert (window.status, window.starts_at, window.ends_at) == (WindowStatus.SCHEDULED, START + DAY, END + DAY)
    assert window.announced_ends_at == START + DAY + 6 * HOUR
    assert (revision.number, revision.change, revision.reason) == (2, RevisionChange.RESCHEDULED, "Supplier late")
    assert AuditEvent.objects.get().detail["was"]["starts_at"] == str(START)


def test_moving_can_change_the_zone():
    window = make_window(starts_at=START)
    revision = services.reschedule_window(
        window, starts_at=START, ends_at=END + HOUR, time_zone="Asia/Tokyo", reason="", actor=None, now=NOW
    )
    assert (window.time_zone, revision.time_zone) == ("Asia/Tokyo", "Asia/Tokyo")


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"ends_at": START}, "ends before it starts"),
        ({"starts_at": NOW - 2 * DAY, "ends_at": NOW - DAY}, "already be over"),
        ({"time_zone": "Mars/Base"}, "Time zone: “Mars/Base”"),
        ({}, "Nothing would change"),
    ],
)
def test_a_move_that_cannot_be_promised_is_refused(fields, sentence):
    window = make_window(starts_at=START)
    times = {"starts_at": START, "ends_at": END, "announced_ends_at": END}
    with pytest.raises(WindowError, match=sentence):
        services.reschedule_window(window, reason="", actor=None, now=NOW, **(times | fields))
    window.refresh_from_db()
    assert (window.starts_at, window.revision) == (START, 1)


def test_a_window_under_way_is_extended_with_a_range_for_what_is_left():
    window = make_window(starts_at=START, status=WindowStatus.IN_PROGRESS)
    now = START + 3 * HOUR
    services.extend_window(window, ends_at=START + 5 * HOUR, reason="Slow import", actor=None, now=now)
    assert (window.status, window.ends_at, window.announced_ends_at) == ("in_progress", START + 5 * HOUR, START + 6 * HOUR)
    assert window.revisions.get().change == RevisionChange.EXTENDED


def test_an_extension_may_shorten():
    window = make_window(starts_at=START, status=WindowStatus.VERIFYING)
    services.extend_window(window, ends_at=END - HOUR, reason="Quicker", actor=None, now=START + HOUR)
    assert window.ends_at == END - HOUR


@pytest.mark.parametrize("ends_at", [START - HOUR, START, START + HOUR])
def test_an_extension_must_end_in_the_future(ends_at):
    window = make_window(starts_at=START, status=WindowStatus.IN_PROGRESS)
    with pytest.raises(WindowError):
        services.extend_window(window, ends_at=ends_at, reason="", actor=None, now=START + HOUR)


VERBS = {
    "schedule": (lambda w: services.schedule_window(w, actor=None, now=NOW), {"draft"}),
    "start": (lambda w: services.start_window(w, actor=None, now=NOW), {"scheduled"}),
    "verify": (lambda w: services.begin_verifying(w, actor=None, now=NOW), {"in_progress"}),
    "resume": (lambda w: services.resume_window(w, actor=None, now=NOW), {"verifying"}),
    "complete": (
        lambda w: services.complete_window(w, outcome="", is_temporary=False, actor=None, now=NOW),
        {"in_progress", "verifying"},
    ),
    "cancel": (lambda w: services.cancel_window(w, reason="", actor=None, now=NOW), {"draft", "scheduled"}),
    "move": (
        lambda w: services.reschedule_window(w, starts_at=START + DAY, ends_at=END + DAY, reason="", actor=None, now=NOW),
        {"draft", "scheduled"},
    ),
    "extend": (
        lambda w: services.extend_window(w, ends_at=END + DAY, reason="", actor=None, now=NOW),
        {"in_progress", "verifying"},
    ),
}


@pytest.mark.parametrize("status", WindowStatus.values)
@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_works_in_its_states_only(verb, status):
    window = make_window(status=status, actual_ended_at=NOW if status == "completed" else None)
    act, allowed = VERBS[verb]
    if status in allowed:
        assert act(window).number == 2
        return
    with pytest.raises(WindowError, match="Database upgrade"):
        act(window)
    assert not window.revisions.exists()
    assert MaintenanceWindow.objects.get().revision == 1


def test_a_refusal_says_where_the_window_stands_and_what_would_be_possible():
    window = make_window(status=WindowStatus.IN_PROGRESS)
    with pytest.raises(WindowError) as refused:
        services.cancel_window(window, reason="", actor=None, now=NOW)
    assert refused.value.messages == [
        "“Database upgrade” stands at “In progress”. "
        "Only a window that has not begun can be cancelled; one under way is completed."
    ]


def test_new_words_change_no_revision():
    window = make_window()
    assert services.edit_texts(window, title="Bigger disks", reason="Space", actor=None, now=NOW + HOUR)
    assert (window.title, window.reason, window.revision, window.content_changed_at) == ("Bigger disks", "Space", 1, NOW + HOUR)
    changes = {"title": ["Database upgrade", "Bigger disks"], "reason": ["", "Space"]}
    assert AuditEvent.objects.get().detail == {"language": "en", "fields": ["reason", "title"], "changes": changes}


def test_the_same_words_change_nothing():
    window = make_window()
    assert not services.edit_texts(window, title="Database upgrade ", actor=None, now=NOW + HOUR)
    assert MaintenanceWindow.objects.get().content_changed_at == NOW


def test_words_in_a_further_language_are_kept_beside():
    window = make_window()
    services.edit_texts(window, language="fr", title="Mise à niveau", actor=None, now=NOW)
    services.edit_texts(window, language="fr", reason="Sécurité", actor=None, now=NOW)
    text = window.text_in("fr")
    assert (window.title, text.title, text.reason) == ("Database upgrade", "Mise à niveau", "Sécurité")


@pytest.mark.parametrize(
    ("texts", "sentence"), [({"title": ""}, "Title: This field cannot be blank"), ({"language": "xx", "title": "X"}, "Language")]
)
def test_words_that_cannot_be_kept_are_refused(texts, sentence):
    window = make_window()
    with pytest.raises(WindowError, match=sentence):
        services.edit_texts(window, actor=None, now=NOW + HOUR, **texts)
    assert MaintenanceWindow.objects.get().content_changed_at == NOW


def test_details_can_change_until_the_work_is_over():
    window, mail = make_window(), make_service("Mail")
    assert services.edit_details(window, impact="degraded", services=[mail], actor=None, now=NOW + HOUR)
    assert (window.impact, list(window.services.all()), window.content_changed_at) == ("degraded", [mail], NOW + HOUR)
    changes = AuditEvent.objects.get().detail["changes"]
    assert changes["impact"] == ["outage", "degraded"]
    assert changes["services"][1] == [{"id": mail.pk, "name": "Mail"}]


def test_details_that_stay_the_same_are_no_change():
    window = make_window()
    assert not services.edit_details(window, impact=window.impact, services=window.services.all(), actor=None, now=NOW + HOUR)


def test_details_of_a_cancelled_window_are_history():
    window = make_window(status=WindowStatus.CANCELLED)
    with pytest.raises(WindowError, match="no longer be changed"):
        services.edit_details(window, impact="degraded", actor=None, now=NOW)


def test_overlap_names_the_live_windows_on_the_same_service():
    checkout, mail = make_service("Checkout"), make_service("Mail")
    there = make_window(starts_at=START, services=[checkout, mail])
    make_window(starts_at=START, services=[make_service()])
    make_window(starts_at=START, services=[checkout], status=WindowStatus.CANCELLED)
    make_window(starts_at=END, services=[checkout])
    period = {"starts_at": START + HOUR, "ends_at": END, "services": [checkout, mail]}
    assert services.find_overlaps(**period) == [there]
    assert services.find_overlaps(**period, exclude=there) == []


def test_windows_that_only_touch_do_not_overlap():
    checkout = make_service()
    make_window(starts_at=START, services=[checkout])
    assert services.find_overlaps(starts_at=END, ends_at=END + timedelta(hours=1), services=[checkout]) == []


@pytest.mark.parametrize("change", [services.edit_texts, services.edit_details])
def test_no_edit_gets_around_the_verbs(change):
    with pytest.raises(TypeError, match="Not to be given here: status"):
        change(make_window(), status="completed", actor=None, now=NOW)
