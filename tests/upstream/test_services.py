import pytest

from apps.accounts.models import AuditEvent
from apps.campaigns import services as campaigns
from apps.campaigns.models import Campaign
from apps.upstream import receiving, services
from apps.upstream.effects import Outcome
from apps.upstream.models import NoticeState, UpstreamNotice, UpstreamObject
from apps.upstream.reading import read_notices
from apps.upstream.receiving import Arrival
from apps.windows import services as windows
from apps.windows.models import MaintenanceWindow, WindowStatus
from apps.windows.services import WindowError
from tests.factories import NOW, make_planner, make_playbook, make_service
from tests.upstream.factories import calendar, event, receive

pytestmark = pytest.mark.django_db

MOVED = {"SEQUENCE": 2, "DTSTART": "20260402T000000Z", "DTEND": "20260402T040000Z"}
CANCELLED = {"SEQUENCE": 2, "X_MAINTNOTE_STATUS": "CANCELLED"}


@pytest.fixture(autouse=True)
def playbook():
    return make_playbook()


def choose(notice, *names):
    """Says which services stand on the notice's one object."""
    chosen = {notice.object_ids[0]: [make_service(name) for name in names]}
    services.choose_services(notice.provider_key, chosen, notice=notice, actor=None, now=NOW)


def promised(**fields):
    """A notice whose draft a planner has scheduled."""
    notice = receive(**fields)
    choose(notice, "Checkout")
    campaigns.release(Campaign.objects.get(window=notice.window), actor=None, now=NOW)
    return receive(**fields)


def state_of(notice):
    notice.refresh_from_db()
    return notice.state, notice.outcome


def test_a_new_notice_becomes_a_draft_of_its_times_and_impact():
    notice = receive()
    window = notice.window
    assert state_of(notice) == (NoticeState.DRAFTED, Outcome.NEW_DRAFT)
    assert (window.status, window.title, window.impact) == (WindowStatus.DRAFT, "Fibre works in Lyon", "outage")
    assert (window.starts_at, window.ends_at, window.announced_ends_at) == (notice.starts_at, notice.ends_at, notice.ends_at)
    assert window.campaign.released_at is None
    assert notice.raw.startswith("BEGIN:VEVENT")


def test_the_same_notice_again_changes_nothing():
    receive()
    before = AuditEvent.objects.count()
    receive()
    assert (UpstreamNotice.objects.count(), MaintenanceWindow.objects.count()) == (1, 1)
    assert AuditEvent.objects.count() == before


def test_the_provider_is_known_in_whatever_case_it_writes_itself():
    receive()
    receive(event(X_MAINTNOTE_PROVIDER="Carrier.Example", SEQUENCE=2))
    assert UpstreamNotice.objects.get().sequence == 2


def test_two_providers_may_use_the_same_uid():
    receive()
    receive(event(X_MAINTNOTE_PROVIDER="other.example"))
    assert UpstreamNotice.objects.count() == 2


def test_of_several_versions_in_one_file_the_newest_counts_in_any_order():
    notice = receive(event(SEQUENCE=3, SUMMARY="Third"), event(SEQUENCE=1, SUMMARY="First"), event(SEQUENCE=2))
    assert (notice.sequence, notice.window.title) == (3, "Third")


def test_an_outdated_version_changes_nothing():
    receive(event(**MOVED))
    notice = receive()
    assert (notice.sequence, notice.starts_at.day) == (2, 2)


def test_a_later_version_changes_the_draft_and_leaves_the_planners_words():
    notice = receive()
    windows.edit_texts(notice.window, title="Internet in Lyon", actor=None, now=NOW)
    notice = receive(event(**MOVED))
    assert state_of(notice) == (NoticeState.DRAFTED, Outcome.DRAFT_FOLLOWS)
    assert (notice.window.title, notice.window.starts_at.day) == ("Internet in Lyon", 2)


def test_a_later_version_without_a_status_keeps_the_one_before():
    receive(event(X_MAINTNOTE_STATUS="TENTATIVE"))
    assert receive(event(X_MAINTNOTE_STATUS=None, SEQUENCE=2)).provider_status == "TENTATIVE"


def test_a_cancellation_drops_the_draft():
    receive()
    notice = receive(event(**CANCELLED))
    assert state_of(notice) == (NoticeState.SETTLED, Outcome.CALLED_OFF)
    assert notice.window.status == WindowStatus.CANCELLED


def test_what_was_called_off_and_is_taken_up_again_gets_a_new_draft():
    first = receive().window
    receive(event(**CANCELLED))
    notice = receive(event(SEQUENCE=3))
    assert notice.window.status == WindowStatus.DRAFT
    assert notice.window.pk != first.pk


def test_a_change_to_a_promised_window_waits_for_a_planner():
    promised()
    notice = receive(event(**MOVED))
    assert state_of(notice) == (NoticeState.PROPOSED, Outcome.TO_MOVE)
    assert (notice.window.status, notice.window.starts_at.day) == (WindowStatus.SCHEDULED, 1)


def test_a_planner_applies_the_change_with_a_reason():
    promised()
    notice, ana = receive(event(**MOVED)), make_planner()
    services.apply_proposal(notice, reason="Our carrier moved.", actor=ana, now=NOW)
    window = MaintenanceWindow.objects.get()
    assert state_of(notice) == (NoticeState.SETTLED, Outcome.APPLIED)
    assert window.starts_at.day == 2
    assert (window.revisions.latest("number").reason, window.revisions.latest("number").changed_by) == ("Our carrier moved.", ana)


def test_a_planner_applies_an_impact_that_changed():
    promised()
    notice = receive(event(SEQUENCE=2, X_MAINTNOTE_IMPACT="NO-IMPACT"))
    services.apply_proposal(notice, reason="", actor=None, now=NOW)
    assert MaintenanceWindow.objects.get().impact == "no_impact"


def test_a_planner_applies_a_cancellation():
    promised()
    notice = receive(event(**CANCELLED))
    services.apply_proposal(notice, reason="Called off.", actor=None, now=NOW)
    assert MaintenanceWindow.objects.get().status == WindowStatus.CANCELLED
    assert state_of(notice) == (NoticeState.SETTLED, Outcome.APPLIED)


def test_work_under_way_is_extended():
    notice = promised()
    campaigns.start(Campaign.objects.get(), actor=None, now=notice.starts_at)
    notice = receive(event(SEQUENCE=2, DTEND="20260401T060000Z"), now=notice.starts_at)
    services.apply_proposal(notice, reason="Longer.", actor=None, now=notice.starts_at)
    assert MaintenanceWindow.objects.get().ends_at.hour == 6


def test_what_a_planner_left_as_it_is_is_not_put_to_them_again():
    promised()
    notice = receive(event(**MOVED))
    services.leave_as_it_is(notice, actor=None, now=NOW)
    assert state_of(receive(event(**MOVED | {"SEQUENCE": 3}))) == (NoticeState.SETTLED, Outcome.AGREES)
    assert state_of(receive(event(SEQUENCE=4, DTSTART="20260403T000000Z", DTEND="20260403T040000Z")))[0] == NoticeState.PROPOSED


def test_a_proposal_is_not_lost_when_a_later_version_only_mends_a_word():
    promised()
    receive(event(**MOVED))
    notice = receive(event(**MOVED | {"SEQUENCE": 3, "SUMMARY": "Typo mended"}))
    assert state_of(notice) == (NoticeState.PROPOSED, Outcome.TO_MOVE)


def test_a_proposal_that_the_provider_takes_back_is_gone():
    promised()
    receive(event(**MOVED))
    assert state_of(receive(event(SEQUENCE=3)))[0] == NoticeState.SETTLED


def test_a_proposal_is_decided_as_it_was_seen():
    promised()
    seen = receive(event(**MOVED))
    receive(event(**MOVED | {"SEQUENCE": 3, "DTEND": "20260402T080000Z"}), now=NOW.replace(minute=5))
    with pytest.raises(WindowError, match="changed since you opened"):
        services.apply_proposal(seen, reason="", actor=None, now=NOW)


def test_a_draft_of_unknown_objects_has_no_services_and_cannot_be_promised():
    notice = receive()
    assert not notice.window.services.exists()
    with pytest.raises(WindowError, match="at least one service"):
        campaigns.release(Campaign.objects.get(), actor=None, now=NOW)


def test_the_services_that_a_planner_chose_are_remembered():
    choose(receive(), "Checkout", "Search")
    later = receive(event(UID="43"))
    assert {service.name for service in later.window.services.all()} == {"Checkout", "Search"}


def test_other_drafts_that_still_have_no_service_get_theirs():
    waiting = receive(event(UID="43"))
    choose(receive(), "Checkout")
    assert waiting.window.services.get().name == "Checkout"


def test_an_object_of_no_concern_drops_its_draft_and_makes_no_other():
    notice = receive()
    choose(notice)
    assert state_of(notice) == (NoticeState.SETTLED, Outcome.NOT_OURS)
    assert MaintenanceWindow.objects.get().status == WindowStatus.CANCELLED
    assert state_of(receive(event(UID="43"))) == (NoticeState.SETTLED, Outcome.NOT_OURS)
    assert UpstreamObject.objects.get().services.count() == 0


def test_what_was_set_aside_stays_aside_through_later_versions():
    services.set_aside(receive(), actor=None, now=NOW)
    notice = receive(event(**MOVED))
    assert (notice.state, notice.sequence) == (NoticeState.SET_ASIDE, 2)
    assert MaintenanceWindow.objects.get().status == WindowStatus.CANCELLED


def test_what_is_taken_up_again_becomes_a_draft_of_its_newest_version():
    services.set_aside(receive(), actor=None, now=NOW)
    notice = receive(event(**MOVED))
    services.take_up(notice, actor=None, now=NOW)
    notice = UpstreamNotice.objects.get()
    assert (notice.state, notice.window.starts_at.day) == (NoticeState.DRAFTED, 2)


def test_a_notice_that_cannot_become_a_draft_says_why_and_is_tried_again(playbook):
    playbook.delete()
    notice = receive()
    assert (notice.state, notice.window) == (NoticeState.RECEIVED, None)
    assert "load_playbooks" in notice.problem
    make_playbook()
    services.sweep(now=NOW)
    assert state_of(notice) == (NoticeState.DRAFTED, Outcome.NEW_DRAFT)


def test_what_a_crash_left_without_effect_is_swept_up():
    receiving.keep(read_notices(calendar(event())).notices, source="mail", now=NOW)
    assert not MaintenanceWindow.objects.exists()
    services.sweep(now=NOW)
    assert MaintenanceWindow.objects.count() == 1


def test_more_notices_than_anybody_waits_for_are_all_kept(monkeypatch):
    monkeypatch.setattr(services, "AT_ONCE", 2)
    receive(*(event(UID=number) for number in range(5)))
    assert UpstreamNotice.objects.waiting().count() == 3
    services.sweep(now=NOW)
    assert MaintenanceWindow.objects.count() == 5


def test_keeping_takes_the_same_number_of_queries_however_many(django_assert_max_num_queries):
    notices = read_notices(calendar(*(event(UID=number) for number in range(250)))).notices
    with django_assert_max_num_queries(12):
        received = receiving.keep(notices, source="mail", now=NOW)
    assert received.counts[Arrival.NEW] == 250


def test_each_effect_stands_in_the_audit_trail():
    notice = receive()
    audit = AuditEvent.objects.get(subject_type="upstream.upstreamnotice")
    assert (audit.verb, audit.subject_id, audit.detail["outcome"]) == ("upstream.drafted", str(notice.pk), "new_draft")


def test_our_own_windows_that_come_back_are_left_out():
    reading = read_notices(calendar(event(X_MAINTNOTE_PROVIDER="preavis.test"), event(UID="43")))
    received = services.receive(reading.notices, source="mail", now=NOW)
    assert (received.counts[Arrival.OWN], received.counts[Arrival.NEW]) == (1, 1)
    assert UpstreamNotice.objects.get().uid == "43"


def test_a_proposal_that_a_planner_made_true_by_hand_is_settled():
    promised()
    notice = receive(event(**MOVED))
    campaign = Campaign.objects.select_related("window").get()
    times = {"starts_at": notice.starts_at, "ends_at": notice.ends_at}
    campaigns.reschedule(campaign, **times, reason="Moved.", actor=None, now=NOW)
    services.sweep(now=NOW)
    assert state_of(notice) == (NoticeState.SETTLED, Outcome.AGREES)


def test_a_proposal_that_nobody_has_decided_stays():
    promised()
    notice = receive(event(**MOVED))
    services.sweep(now=NOW)
    assert state_of(notice) == (NoticeState.PROPOSED, Outcome.TO_MOVE)
