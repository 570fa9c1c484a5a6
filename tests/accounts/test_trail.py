"""What the trail keeps of a change, and how it reads."""

import ast
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib import admin
from django.utils import translation

from apps.accounts.doors.trail_admin import TrailAdmin
from apps.accounts.models import AuditEvent
from apps.accounts.services import record, record_change
from apps.accounts.trail import deeds
from apps.accounts.trail.differences import differences, row_changes
from apps.accounts.trail.history import lines
from apps.accounts.trail.snapshots import stored, taken
from apps.accounts.trail.words import Reader
from apps.channels.models import Channel
from apps.upstream.models import NoticeState
from apps.windows.models import RevisionChange, WindowStatus
from tests.factories import NOW, make_channel, make_contact, make_planner, make_service, make_window

READER = Reader(zone="Europe/Paris", language="en")
# Verbs that are put together while the program runs, by the text around what is put in.
MADE = {
    "window.{}": [f"window.{change}" for change in RevisionChange.values],
    "upstream.{}": [f"upstream.{state}" for state in NoticeState.values],
    "{}.paused": [f"{kind}.paused" for kind in ("campaign", "touchpoint", "channel")],
    "{}.resumed": [f"{kind}.resumed" for kind in ("campaign", "touchpoint", "channel")],
    "{}.{}": ["service.added", "service.changed", "service.deleted"],
    "{}.archived": ["segment.archived"],
    "{}.restored": ["segment.restored"],
}
RECORDERS = {"record", "record_each", "record_change"}


def read(event):
    (line,) = lines([event], reader=READER)
    return line


def test_what_differs_is_kept_with_both_values():
    assert differences({"name": "A", "pace": 1}, {"name": "B", "pace": 1}) == {"name": ["A", "B"]}


def test_of_a_secret_only_the_change_is_kept():
    assert differences({"token": "a"}, {"token": "b"}, hidden=["token"]) == {"token": []}


def test_rows_are_added_changed_and_removed():
    before, after = {1: {"key": "a"}, 2: {"key": "b"}}, {2: {"key": "c"}, 3: {"key": "d", "note": ""}}
    found = {pk: (deed, changes) for pk, deed, changes in row_changes(before, after)}
    assert found == {1: ("removed", {}), 2: ("changed", {"key": ["b", "c"]}), 3: ("added", {"key": [None, "d"]})}


@pytest.mark.django_db
def test_a_change_is_read_with_names_labels_and_zones():
    window = make_window(starts_at=NOW)
    before = taken(window, only=("status", "starts_at"))
    window.status, window.starts_at = WindowStatus.CANCELLED, NOW.replace(hour=8)
    window.save()
    event = record_change("window.rescheduled", subject=window, before=before, actor=make_planner(first_name="Ana"), now=NOW)
    line = read(event)
    assert line.sentence == "Ana moved “Database upgrade”."
    assert line.when == "Monday 2 March 2026, 10:00 (Paris time, UTC+01:00)"
    told = {each.label: (each.before, each.after) for each in line.differences}
    assert told["Status"] == ("Scheduled", "Cancelled")
    assert told["Starts at"][1] == "Monday 2 March 2026, 09:00 (Paris time, UTC+01:00)"


@pytest.mark.django_db
def test_a_deed_reads_in_french_too():
    event = record("window.unheard_of", subject=make_window(), actor=None, now=NOW)
    with translation.override("fr"):
        assert "window.unheard_of" in read(event).sentence


@pytest.mark.parametrize(("number", "words"), [(1.5, "1,5"), (60.0, "60")])
def test_a_number_is_written_as_the_reader_writes_it(number, words):
    with translation.override("fr"):
        assert deeds.code_words("seconds", number) == words


@pytest.mark.django_db
def test_a_long_text_is_shown_by_what_changed_in_it():
    service = make_service(description=" ".join(f"word{number}" for number in range(60)))
    before = stored(type(service), service.pk)
    service.description = service.description.replace("word30", "deed30")
    service.save()
    (each,) = read(record_change("service.changed", subject=service, before=before, actor=None, now=NOW)).differences
    assert [(part.sign, part.text) for part in each.parts if part.sign] == [("-", "word30 "), ("+", "deed30 ")]
    assert len("".join(part.text for part in each.parts)) < 200


@pytest.mark.django_db
def test_the_secret_of_a_channel_stays_out():
    channel = make_channel()
    before = stored(Channel, channel.pk)
    channel.sealed_secrets = "sealed"
    channel.save()
    event = record_change("channel.saved", subject=channel, before=before, actor=None, now=NOW)
    assert event.detail["changes"] == {"sealed_secrets": []}
    assert read(event).differences[0].is_hidden


@pytest.mark.django_db
def test_of_a_contact_no_value_is_kept():
    contact = make_contact(name="Zoé")
    before = stored(type(contact), contact.pk)
    contact.name, contact.is_internal = "Zoe", True
    contact.save()
    event = record_change("contact.changed", subject=contact, before=before, actor=None, now=NOW)
    assert event.detail["changes"] == {"name": [], "is_internal": [False, True]}


@pytest.mark.django_db
def test_what_is_gone_still_has_the_name_it_was_recorded_with():
    event = AuditEvent(verb="service.deleted", subject_type="windows.service", subject_id="77", detail={"name": "Shop"}, at=NOW)
    assert read(event).sentence == "The system deleted “Shop”."


@pytest.mark.django_db
def test_a_kind_that_no_longer_exists_is_shown_as_it_was_kept():
    event = AuditEvent(verb="gone.changed", subject_type="gone.thing", subject_id="7", at=NOW)
    event.detail = {"changes": {"colour": ["red", "blue"]}}
    line = read(event)
    assert (line.what, line.differences[0].before) == ("gone.thing 7", "red")


def test_every_admin_keeps_the_trail():
    """All but the trail's own list."""
    without = {model for model, page in admin.site._registry.items() if not isinstance(page, TrailAdmin)}
    assert without == {AuditEvent}


def test_no_list_deletes_in_a_row():
    assert "delete_selected" not in admin.site._actions


@pytest.mark.parametrize("verb", sorted({verb for verbs in MADE.values() for verb in verbs}))
def test_verbs_that_are_put_together_have_a_sentence(verb):
    assert deeds.is_known(verb)


def test_every_verb_in_the_code_has_a_sentence():
    found = {verb for path in (Path(settings.BASE_DIR) / "apps").rglob("*.py") for verb in verbs_in(path)}
    assert len(found) > 30
    assert sorted(verb for verb in found if not deeds.is_known(verb)) == []


def verbs_in(path):
    """The verbs that a module records: as they stand, out of a choice, or by a helper that it hands them to."""
    tree = ast.parse(path.read_text())
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and getattr(node.func, "id", "") in RECORDERS]
    for call in calls:
        verb = call.args[0]
        if isinstance(verb, ast.Constant):
            yield verb.value
        elif isinstance(verb, ast.JoinedStr):
            assert pattern_of(verb) in MADE, f"{path}: say in MADE which verbs {ast.unparse(verb)} makes"
        elif path.name != "services.py" or path.parent.name != "accounts":
            yield from constants_in(tree)


def pattern_of(verb):
    return "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in verb.values)


def constants_in(tree):
    kinds = {"contact", "segment", "service", "campaign", "template", "playbook", "channel", "address", "window"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.partition(".")[0] in kinds:
            _kind, dot, deed = node.value.partition(".")
            if dot and deed.replace("_", "").isalpha():
                yield node.value
