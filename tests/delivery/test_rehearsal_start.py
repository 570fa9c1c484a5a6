"""What a rehearsal writes when it begins, and when it does not begin."""

from datetime import timedelta

import pytest

from apps.accounts.models import AuditEvent
from apps.audiences.models import Suppression
from apps.campaigns import services as campaigns
from apps.campaigns.models import Touchpoint
from apps.channels.models import Channel
from apps.delivery.models import Assumed, Batch, Delivery, Installation, Rehearsal, RehearsalMessage
from apps.delivery.rehearsing.marks import moment_of
from apps.delivery.rehearsing.start import RehearsalRefused, stop_rehearsal
from tests.factories import DAY, NOW, make_contact, make_planner

from .rehearsed import FIVE_MINUTES, ana, drafted, messages, started, states, work

pytestmark = pytest.mark.django_db


def test_every_touchpoint_is_written_at_its_real_and_its_compressed_time():
    rehearsal = started()

    begin, mail, sms, start, end = messages(rehearsal)
    window = rehearsal.campaign.window
    assert [row.would_leave_at for row in (begin, mail, sms, start, end)] == [
        NOW,
        window.starts_at - DAY,
        window.starts_at - DAY,
        window.starts_at,
        window.ends_at,
    ]
    assert begin.due_at == NOW < mail.due_at == sms.due_at < start.due_at < end.due_at == NOW + FIVE_MINUTES
    assert {row.state for row in messages(rehearsal)} == {"waiting"}


def test_it_knows_how_many_people_each_would_have_reached():
    begin, _mail, sms, start, _end = messages(started())

    assert (begin.segment_name, begin.would_reach, begin.readers) == ("Customers", 3, {"en": 2, "fr": 1})
    assert sms.would_reach == 1
    assert (start.segment_name, start.channel_name) == ("", "Team chat")


def test_all_of_it_goes_to_the_planner_and_never_to_a_public_place():
    rows = messages(started())

    assert {row.address for row in rows} == {"ana@example.org"}
    assert {row.leaves_by.name for row in rows} == {"E-mail"}
    assert [row.stands_for for row in rows] == ["", "", "SMS", "Team chat", ""]


def test_an_sms_goes_to_the_phone_that_the_planner_gives():
    sms = messages(started(phone="+33612345678"))[2]

    assert (sms.leaves_by.name, sms.address, sms.stands_for) == ("SMS", "+33612345678", "")


def test_what_waits_for_a_fact_is_played_as_if_it_came_as_planned():
    rehearsal = started(drafted(starts_automatically=False))

    *_before, start, end = messages(rehearsal)
    assert (start.would_leave_at, start.assumes) == (rehearsal.campaign.window.starts_at, Assumed.START)
    assert (end.would_leave_at, end.assumes) == (rehearsal.campaign.window.ends_at, Assumed.COMPLETION)


def test_what_the_plan_leaves_out_is_shown_with_its_reason_and_does_not_leave():
    campaign = drafted()
    Channel.objects.filter(name="SMS").update(is_enabled=False)

    rehearsal = started(campaign)

    (sms,) = [row for row in messages(rehearsal) if row.channel_name == "SMS"]
    assert (sms.state, sms.reason, sms.due_at) == ("left_out", "channel_disabled", None)


def test_a_scheduled_campaign_is_rehearsed_whole_and_stays_as_it_is():
    campaign = campaigns.release(drafted(), actor=None, now=NOW)
    before = list(Touchpoint.objects.order_by("pk").values())

    rehearsal = started(campaign, now=NOW + 13 * DAY)
    work(rehearsal.started_at + FIVE_MINUTES)

    assert next(row.would_leave_at for row in messages(rehearsal)) == NOW
    assert list(Touchpoint.objects.order_by("pk").values()) == before
    assert not Batch.objects.exists()
    assert not Delivery.objects.exists()


def test_each_language_of_a_segment_is_read_by_one_of_its_people():
    rows = messages(started(every_language=True))

    assert [(row.language, row.stand_in.name) for row in rows[:2]] == [("en", "Cem"), ("fr", "Élise")]
    assert len({row.due_at for row in rows[:2]}) == 1


def test_the_planner_chooses_as_whom_to_read():
    campaign = drafted()
    dora = make_contact(name="Dora Maria Magdalena", language="fr")
    segment = campaign.playbook.steps.first().segment

    chosen = messages(started(campaign, stand_ins={segment.pk: str(dora.pk)}))[0]
    assert (chosen.stand_in, chosen.language) == (dora, "fr")
    longest = messages(started(campaign, planner=ana(), stand_ins={segment.pk: "longest"}))[0]
    assert longest.stand_in.name == "Dora"  # the longest name of those who read what most read


def test_somebody_outside_the_segment_cannot_be_chosen():
    campaign = drafted()
    segment = campaign.playbook.steps.first().segment
    stranger = make_contact(name="Stranger", archived_at=NOW)

    assert messages(started(campaign, stand_ins={segment.pk: str(stranger.pk)}))[0].stand_in.name == "Cem"


def test_two_of_a_campaign_at_a_time_are_refused():
    campaign, planner = drafted(), ana()
    started(campaign, planner=planner)

    with pytest.raises(RehearsalRefused, match="already"):
        started(campaign, planner=planner)
    assert Rehearsal.objects.count() == 1


def test_another_planner_may_rehearse_it_at_the_same_time():
    campaign = drafted()

    assert {started(campaign, planner=ana()).pk, started(campaign, planner=ana(email="ben@example.org")).pk} == set(
        Rehearsal.objects.values_list("pk", flat=True)
    )


def test_it_is_refused_without_an_address():
    with pytest.raises(RehearsalRefused, match="no e-mail address"):
        started(planner=make_planner(email=""))


def test_it_is_refused_to_an_address_that_is_not_to_be_used():
    Suppression.objects.create(kind="email", address="ana@example.org", reason="manual")

    with pytest.raises(RehearsalRefused, match="not to be used"):
        started()


def test_it_is_refused_while_the_installation_is_halted():
    Installation.objects.create(home="here", halted_at=NOW, halt="copy")

    with pytest.raises(RehearsalRefused, match="copy"):
        started()


def test_it_is_refused_where_nothing_would_leave():
    campaign = drafted()
    Channel.objects.update(is_enabled=False)

    with pytest.raises(RehearsalRefused, match="nothing to rehearse"):
        started(campaign)


def test_it_is_refused_where_no_channel_could_bring_it():
    campaign = drafted()
    campaign.playbook.steps.exclude(channel__name="Team chat").delete()
    Channel.objects.filter(name="E-mail").update(is_enabled=False)

    with pytest.raises(RehearsalRefused, match="no e-mail channel"):
        started(campaign)
    assert not RehearsalMessage.objects.exists()


def test_stopping_leaves_out_what_has_not_begun():
    rehearsal = started()
    work(NOW)

    assert stop_rehearsal(rehearsal, actor=rehearsal.planner, now=NOW + timedelta(seconds=1))
    assert work(NOW + FIVE_MINUTES) == 0
    assert states(rehearsal) == ["sent", "stopped", "stopped", "stopped", "stopped"]
    assert not stop_rehearsal(rehearsal, actor=rehearsal.planner, now=NOW)


def test_its_beginning_and_its_end_stand_in_the_audit_trail():
    rehearsal = started()
    stop_rehearsal(rehearsal, actor=rehearsal.planner, now=NOW)

    events = AuditEvent.objects.filter(verb__startswith="rehearsal.").order_by("pk")
    assert [(event.verb, event.actor) for event in events] == [
        ("rehearsal.started", rehearsal.planner),
        ("rehearsal.stopped", rehearsal.planner),
    ]
    assert events[0].detail == {"rehearsal": rehearsal.pk, "messages": 5, "seconds": 300.0}


def test_a_moment_is_named_as_its_planners_named_it_then():
    campaign = drafted()
    campaign.playbook.steps.filter(key="t-1d").update(label="Crew call")
    rehearsal = started(campaign)
    campaign.playbook.steps.update(label="Renamed since")

    named = {row.step_key: " ".join(moment_of(row)) for row in messages(rehearsal)}
    assert named["t-1d"] == "Crew call: −1 d before the start"


def test_a_sample_is_never_rehearsed():
    campaign = drafted()
    campaign.window.is_sample = True
    campaign.window.save(update_fields=["is_sample"])

    with pytest.raises(RehearsalRefused, match="not even to you"):
        started(campaign)
    assert not Rehearsal.objects.exists()
