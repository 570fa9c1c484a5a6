"""What load_playbooks creates, refreshes and leaves alone."""

from dataclasses import replace
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command

from apps.accounts.models import AuditEvent
from apps.audiences.models import Segment
from apps.campaigns.builtin import files
from apps.campaigns.builtin.loading import load_builtin
from apps.campaigns.models import MessageTemplate, Playbook, Step
from apps.campaigns.services import open_campaign, release
from apps.channels.models import Channel
from tests import factories as make
from tests.factories import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def newer_announcement(monkeypatch):
    """A later version of Preavis, with another English announcement."""
    changed = [
        files.Text(content_key=t.content_key, language=t.language, channel_kind=t.channel_kind, subject=t.subject, body="Newer.")
        for t in files.texts()
        if (t.content_key, t.language, t.channel_kind) == ("announce", "en", "")
    ]
    return lambda: monkeypatch.setattr(files, "texts", lambda: iter(changed))


@pytest.fixture
def newer_minimal(monkeypatch):
    """A later version of Preavis, whose minimal playbook has lost its last step and useful times have changed."""
    (old,) = (file for file in files.playbooks() if file.slug == "minimal")
    steps = tuple({**step, "useful_for": timedelta(hours=2)} for step in old.steps[:-1])
    newer = files.PlaybookFile(slug=old.slug, name=old.name, description="Newer.", is_default=False, steps=steps)
    return lambda: monkeypatch.setattr(files, "playbooks", lambda: iter([newer]))


def announcement() -> MessageTemplate:
    return MessageTemplate.objects.get(content_key="announce", language="en", channel_kind="")


def test_everything_is_created_at_first():
    report = load_builtin(now=NOW)
    assert set(Playbook.objects.values_list("slug", flat=True)) == {"standard", "minimal", "compressed"}
    assert Playbook.objects.get(is_default=True).slug == "standard"
    assert Segment.objects.get(slug="customers").rule == {"field": "is_internal", "op": "is", "value": False}
    assert not Channel.objects.get(slug="team-chat").is_enabled
    assert not report.refreshed + report.unchanged + report.kept


def test_a_second_time_changes_nothing():
    load_builtin(now=NOW)
    steps = list(Step.objects.values())
    events = AuditEvent.objects.count()
    report = load_builtin(now=NOW)
    assert not report.created + report.refreshed + report.kept
    assert list(Step.objects.values()) == steps
    assert AuditEvent.objects.count() == events


def test_a_text_nobody_edited_is_refreshed(newer_announcement):
    load_builtin(now=NOW)
    newer_announcement()
    assert load_builtin(now=NOW).refreshed == ["text announce en"]
    assert announcement().body == "Newer."


def test_an_edited_text_is_kept(newer_announcement):
    load_builtin(now=NOW)
    MessageTemplate.objects.filter(pk=announcement().pk).update(body="Ours.")
    newer_announcement()
    assert load_builtin(now=NOW).kept == ["text announce en"]
    assert announcement().body == "Ours."


def test_a_text_that_a_planner_wrote_before_is_kept():
    make.make_template(content_key="announce", body="Ours.")
    assert "text announce en" in load_builtin(now=NOW).kept
    assert announcement().body == "Ours."


def test_a_playbook_nobody_edited_is_refreshed_in_place(newer_minimal):
    load_builtin(now=NOW)
    playbook = Playbook.objects.get(slug="minimal")
    before = list(playbook.steps.values_list("pk", flat=True))
    newer_minimal()
    assert load_builtin(now=NOW).refreshed == ["playbook minimal"]
    assert list(playbook.steps.values_list("pk", flat=True)) == before[:-1]
    assert set(playbook.steps.values_list("useful_for", flat=True)) == {timedelta(hours=2)}


def test_a_playbook_may_name_a_second_channel(monkeypatch):
    load_builtin(now=NOW)
    (old,) = (file for file in files.playbooks() if file.slug == "minimal")
    steps = tuple({**step, **({"fallback": "email"} if step["channel"] == "team-chat" else {})} for step in old.steps)
    steps = tuple({**step, "segment": step["segment"] or "customers"} for step in steps)
    newer = replace(old, steps=steps)
    monkeypatch.setattr(files, "playbooks", lambda: iter([newer]))

    assert load_builtin(now=NOW).refreshed == ["playbook minimal"]

    named = Step.objects.filter(playbook__slug="minimal", channel__slug="team-chat")
    assert set(named.values_list("fallback_channel__slug", flat=True)) == {"email"}
    assert load_builtin(now=NOW).unchanged.count("playbook minimal") == 1


def test_a_playbook_may_invite(monkeypatch):
    load_builtin(now=NOW)
    (old,) = (file for file in files.playbooks() if file.slug == "minimal")
    newer = replace(old, steps=tuple({**step, "invites": step["channel"] == "email"} for step in old.steps))
    monkeypatch.setattr(files, "playbooks", lambda: iter([newer]))

    assert load_builtin(now=NOW).refreshed == ["playbook minimal"]

    assert set(Step.objects.filter(playbook__slug="minimal", invites=True).values_list("channel__slug", flat=True)) == {"email"}
    assert load_builtin(now=NOW).unchanged.count("playbook minimal") == 1


def test_a_playbook_with_an_edited_step_is_kept(newer_minimal):
    load_builtin(now=NOW)
    Step.objects.filter(playbook__slug="minimal", key="start").update(useful_for=timedelta(minutes=3))
    newer_minimal()
    assert load_builtin(now=NOW).kept == ["playbook minimal"]
    assert Playbook.objects.get(slug="minimal").steps.count() == 14


def test_a_planners_playbook_of_the_same_name_is_kept():
    make.make_playbook(slug="our-own", name="Minimal")
    assert "playbook minimal" in load_builtin(now=NOW).kept
    assert not Playbook.objects.get(name="Minimal").steps.exists()


def test_another_default_playbook_stays_the_default():
    ours = make.make_playbook(is_default=True)
    load_builtin(now=NOW)
    assert Playbook.objects.get(is_default=True) == ours


def test_segments_and_channels_stay_as_planners_left_them():
    load_builtin(now=NOW)
    Channel.objects.filter(slug="team-chat").update(name="Ops room", is_enabled=True)
    Segment.objects.filter(slug="customers").update(rule={"all": []})
    load_builtin(now=NOW)
    assert Channel.objects.get(slug="team-chat").name == "Ops room"
    assert Segment.objects.get(slug="customers").rule == {"all": []}


def test_the_command_says_what_it_did():
    out = StringIO()
    call_command("load_playbooks", stdout=out)
    assert "91 created, 0 refreshed, 0 unchanged, 0 kept as edited." in out.getvalue()


def test_customers_hear_by_email_from_two_hours_on_and_colleagues_always():
    load_builtin(now=NOW)
    for slug in ("standard", "minimal"):
        steps = Playbook.objects.get(slug=slug).steps
        assert set(steps.filter(segment__slug="customers").values_list("min_duration", flat=True)) == {timedelta(hours=2)}
        assert not steps.exclude(segment__slug="customers").filter(min_duration__isnull=False).exists()
    assert not Playbook.objects.get(slug="compressed").steps.filter(min_duration__isnull=False).exists()


def planned(slug: str, *, lead: timedelta, duration: timedelta) -> list[tuple[str, str, timedelta]]:
    """What the playbook plans for customers and colleagues of a window so far ahead: moment, segment, time before the start."""
    load_builtin(now=NOW)
    for is_internal in (False, True):
        make.make_contact(is_internal=is_internal)
    window = make.make_window(starts_at=NOW + lead, duration=duration, status="draft", scheduled_at=None, revision=0)
    campaign = open_campaign(window, playbook=Playbook.objects.get(slug=slug), owner=None, actor=None, now=NOW)
    release(campaign, actor=None, now=NOW)
    rows = campaign.touchpoints.filter(state="planned").order_by("due_at", "segment__slug", "id")
    return [(row.step_key, row.segment.slug, row.due_at - window.starts_at) for row in rows if row.segment and row.due_at]


def test_a_window_in_75_minutes_is_announced_at_once_and_an_hour_before():
    rows = planned("standard", lead=timedelta(minutes=75), duration=timedelta(hours=3))
    assert rows[:4] == [
        ("announce", "customers", timedelta(minutes=-75)),
        ("announce", "internal-team", timedelta(minutes=-75)),
        ("t-1h", "customers", timedelta(hours=-1)),
        ("t-1h", "internal-team", timedelta(hours=-1)),
    ]
    assert {row[0] for row in rows} == {"announce", "t-1h", "start", "during", "overrun"}


def test_the_compressed_sequence_runs_within_minutes():
    rows = planned("compressed", lead=timedelta(minutes=3), duration=timedelta(minutes=3))
    assert [row[0] for row in rows if row[1] == "customers"] == ["announce", "t-2min", "t-1min", "start", "during", "during"]


def test_a_window_of_one_hour_tells_customers_nothing_by_email():
    rows = planned("standard", lead=timedelta(days=30), duration=timedelta(hours=1))
    assert {row[1] for row in rows} == {"internal-team"}
