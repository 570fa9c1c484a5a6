import re
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.campaigns import services
from apps.campaigns.forms.verbs import ExtendForm
from apps.campaigns.models import Touchpoint, TouchpointState
from apps.delivery.models import Expansion
from apps.windows.models import MaintenanceWindow, WindowStatus
from tests.accounts.people import client_of, make_member
from tests.factories import NOW, make_contact, make_delivery, make_step, make_template, make_window

from .admin_pages import INLINE, LIST, deed_of, drafted, page_of, press, released, signed_in

pytestmark = pytest.mark.django_db


def times_of(window, *, days=0, hours=2):
    start = window.starts_at + timedelta(days=days)
    return {"start_date": f"{start:%Y-%m-%d}", "start_time": "02:00", "duration": f"{hours} h"}


def window_now():
    return MaintenanceWindow.objects.get()


def under_way(client):
    campaign = released(client)
    press(client, campaign, "start")
    campaign.window.refresh_from_db()
    return campaign


def tell(campaign, number=2, **fields):
    """As if the announcement had gone out to `number` people."""
    touchpoint = campaign.touchpoints.get(step_key="announce")
    now = timezone.now()
    for _ in range(number):
        make_delivery(touchpoint=touchpoint, state="sent", sent_at=now, contact=make_contact(), **fields)
    Touchpoint.objects.filter(pk=touchpoint.pk).update(state=TouchpointState.SENT, first_sent_at=now)


def test_every_step_of_a_window_has_its_button():
    client = signed_in()
    campaign = released(client)
    for verb, status in (("start", "in_progress"), ("verify", "verifying"), ("resume", "in_progress")):
        press(client, campaign, verb)
        assert window_now().status == status
    press(client, campaign, "complete", fix="temporary", outcome="Disk replaced.")
    window = window_now()
    assert (window.status, window.is_temporary_fix, window.outcome) == ("completed", True, "Disk replaced.")


def test_completion_asks_whether_it_is_for_good():
    client = signed_in()
    answer = press(client, under_way(client), "complete")
    assert "Say whether the work is done for good" in answer.content.decode()
    assert window_now().status == WindowStatus.IN_PROGRESS


def test_move_is_foreseen_with_those_who_were_told_and_changes_nothing_yet():
    client = signed_in()
    campaign = released(client)
    tell(campaign)
    values = times_of(campaign.window, days=3) | {"_look": "1"}
    text = client.post(deed_of(campaign, "reschedule"), values).content.decode()
    assert "1 touchpoint moves." in text
    assert "<strong>2 people</strong>" in text
    assert "2 messages leave at once" in text
    assert window_now().revision == 1


def test_what_leaves_when_it_was_to_is_not_said_to_move():
    client = signed_in()
    campaign = released(client)
    values = times_of(campaign.window, hours=6) | {"_look": "1"}  # the reminder comes a week before the start, which stays
    text = client.post(deed_of(campaign, "reschedule"), values).content.decode()
    assert "No touchpoint that is still to come changes." in text


def table_of(page):
    """The rows of the one table that every deed shows: what becomes of it, before, afterwards, by moment."""
    rows = re.findall(r"<tr>\s*<th scope=\"row\">(.*?)</th>(.*?)</tr>", page, re.DOTALL)
    return [
        (words(moment), *(words(cell) for cell in re.findall(r"<td.*?>(.*?)</td>", cells, re.DOTALL))) for moment, cells in rows
    ]


def words(html):
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_moving_lists_every_touchpoint_in_the_order_of_time():
    client = signed_in()
    campaign = released(client)
    tell(campaign)
    values = times_of(campaign.window, hours=6) | {"_look": "1"}

    rows = table_of(client.post(deed_of(campaign, "reschedule"), values).content.decode())

    assert [row[0] for row in rows] == ["Announcement", "Correction", "−7 d before the start"]
    assert [row[2] for row in rows] == ["Sent, no longer true", "At once", "Unchanged"]
    assert [row[4] for row in rows] == ["is corrected", "leaves at once", "leaves as planned"]
    assert rows[0][1].endswith("→ correction to 2 people")


def test_what_was_sent_stays_true_when_the_work_begins():
    client = signed_in()
    campaign = released(client)
    tell(campaign)
    rows = table_of(client.get(deed_of(campaign, "start")).content.decode())
    assert [row[2] for row in rows if row[0] == "Announcement"] == ["Sent, still true"]
    assert "Sent, no longer true" not in [row[2] for row in rows]


def test_cancelling_speaks_with_the_same_table():
    client = signed_in()
    campaign = released(client)
    tell(campaign)
    rows = table_of(client.get(deed_of(campaign, "cancel")).content.decode())
    assert [row[2] for row in rows] == ["Sent, no longer true", "At once", "Dropped"]
    assert rows[2][4] == "does not leave The window was cancelled."


def test_what_is_paused_is_not_counted_among_what_leaves_at_once():
    client = signed_in()
    campaign = released(client)
    campaign.touchpoints.filter(step_key="t-7d").update(paused_at=timezone.now())
    values = times_of(campaign.window, days=3) | {"_look": "1"}
    rows = table_of(client.post(deed_of(campaign, "reschedule"), values).content.decode())
    assert next(row[4] for row in rows if row[2] == "Moved").endswith("It is held back until somebody lets it go on.")


def test_people_who_were_told_the_times_that_hold_again_get_no_correction():
    client = signed_in()
    campaign = released(client)
    old, there = times_of(campaign.window), times_of(campaign.window, days=3)
    tell(campaign, revision=1)
    press(client, campaign, "reschedule", reason="Later", **there)
    text = client.post(deed_of(campaign, "reschedule"), old | {"_look": "1"}).content.decode()
    assert "<strong>0 people</strong>" in text


def test_before_its_planned_end_completing_is_finishing_early():
    client = signed_in()
    campaign = under_way(client)
    assert "Finish early" in client.get(page_of(campaign)).content.decode()
    MaintenanceWindow.objects.update(starts_at=timezone.now() - timedelta(hours=2), ends_at=timezone.now())
    assert "Finish early" not in client.get(page_of(campaign)).content.decode()


def test_from_the_planned_end_on_the_page_asks_for_another_end():
    client = signed_in()
    campaign = under_way(client)
    now = timezone.now()
    MaintenanceWindow.objects.update(starts_at=now - timedelta(hours=2), ends_at=now, announced_ends_at=now + timedelta(hours=1))
    assert "Done, or extend by …?" in client.get(page_of(campaign)).content.decode()

    page = client.get(deed_of(campaign, "extend") + "?by=60")
    ends = page.context["form"]["end_time"].value()
    local = (now + timedelta(hours=1)).astimezone(ZoneInfo("Europe/Paris"))
    assert timedelta(0) <= datetime.combine(local, ends) - local.replace(tzinfo=None) <= timedelta(minutes=5)


@pytest.mark.parametrize(
    ("now", "proposed"), [("09:35:00", "10:35"), ("09:35:00.2", "10:40"), ("09:34:59", "10:35"), ("22:59:30", "00:00")]
)
def test_the_proposed_end_is_never_less_than_was_asked_for(now, proposed):
    now = datetime.combine(date(2026, 3, 2), time.fromisoformat(now), ZoneInfo("Europe/Paris"))
    window = make_window(starts_at=now - timedelta(hours=2), ends_at=now - timedelta(hours=1), time_zone="Europe/Paris")
    values = ExtendForm(window=window, now=now, by=timedelta(hours=1)).first_values()
    assert values["end_time"] == time.fromisoformat(proposed)
    assert datetime.combine(values["end_date"], values["end_time"], now.tzinfo) >= now + timedelta(hours=1)


@pytest.mark.parametrize("by", ["", "x", "-5", "99999", "²"])
def test_nonsense_in_the_address_proposes_the_usual_hour(by):
    client = signed_in()
    campaign = under_way(client)
    assert client.get(deed_of(campaign, "extend") + f"?by={by}").status_code == 200


def test_move_is_carried_out_with_its_reason():
    client = signed_in()
    campaign = released(client)
    tell(campaign)
    press(client, campaign, "reschedule", **times_of(campaign.window, days=3), reason="A supplier is late.")
    assert window_now().starts_at == campaign.window.starts_at + timedelta(days=3)
    assert window_now().revisions.last().reason == "A supplier is late."
    assert campaign.touchpoints.filter(step_key="correction").exists()


@pytest.mark.parametrize("verb", ["reschedule", "cancel"])
def test_tone_of_a_reason_is_read_while_it_is_typed(verb):
    client = signed_in()
    campaign = released(client)
    reason = {"reason": "A small technical hiccup.", "_look": "1"}
    text = client.post(deed_of(campaign, verb), times_of(campaign.window, days=3) | reason).content.decode()
    assert "The reason: “small technical hiccup”. Do not play down" in text


@pytest.mark.parametrize("verb", ["reschedule", "cancel"])
def test_what_recipients_get_needs_a_reason(verb):
    client = signed_in()
    campaign = released(client)
    answer = press(client, campaign, verb, **times_of(campaign.window, days=3))
    assert "Give the reason" in answer.content.decode()
    assert window_now().status == WindowStatus.SCHEDULED
    assert window_now().revision == 1


def test_move_into_the_past_is_refused_with_what_was_typed():
    client = signed_in()
    campaign = released(client)
    answer = press(client, campaign, "reschedule", **times_of(campaign.window) | {"start_date": "2020-01-01"}, reason="Why not")
    assert "would already be over" in answer.content.decode()
    assert "Why not" in answer.content.decode()


def test_end_is_extended():
    client = signed_in()
    campaign = under_way(client)
    end = campaign.window.ends_at + timedelta(days=1)
    press(client, campaign, "extend", end_date=f"{end:%Y-%m-%d}", end_time="06:00", reason="A disk is slow.")
    assert window_now().ends_at > campaign.window.ends_at


def test_cancellation_says_who_hears_of_it_and_drops_the_rest():
    client = signed_in()
    campaign = released(client)
    tell(campaign)
    text = client.get(deed_of(campaign, "cancel")).content.decode()
    assert "2 messages leave at once" in text
    assert "1 touchpoint is dropped." in text
    press(client, campaign, "cancel", reason="No longer needed.")
    assert window_now().status == WindowStatus.CANCELLED


def test_illegal_move_is_a_sentence():
    client = signed_in()
    answer = client.get(deed_of(drafted(client), "complete"), follow=True)
    assert "“Complete” is not possible while the window is at “Draft”." in answer.content.decode()


def test_unknown_verb_is_not_found():
    client = signed_in()
    assert client.get(deed_of(drafted(client), "explode")).status_code == 404


def test_stale_page_names_who_changed_it_and_does_nothing():
    client = signed_in()
    campaign = released(client)
    seen = client.get(deed_of(campaign, "cancel")).context["seen"]
    press(signed_in(username="ben"), campaign, "reschedule", **times_of(campaign.window, days=1), reason="Later.")
    answer = client.post(deed_of(campaign, "cancel"), {"seen": seen, "reason": "Never mind."})
    assert "ben changed it since you opened this page" in answer.content.decode()
    assert window_now().status == WindowStatus.SCHEDULED


def test_pages_of_verbs_carry_nothing_that_the_policy_refuses():
    client = signed_in()
    campaign = released(client)
    for verb in ("start", "reschedule", "cancel"):
        assert INLINE.search(client.get(deed_of(campaign, verb)).content.decode()) is None


def test_texts_are_edited_in_each_language():
    client = signed_in()
    campaign = released(client)
    url = f"{LIST}{campaign.window_id}/texts/"
    seen = client.get(url).context["seen"]
    client.post(url, {"seen": seen, "en-title": "Database work", "fr-title": "Base", "fr-reason": "Fin de support."})
    assert window_now().title == "Database work"
    assert window_now().text_in("fr").reason == "Fin de support."


def test_windows_are_cancelled_not_deleted():
    client = signed_in()
    assert client.get(f"{LIST}{drafted(client).window_id}/delete/").status_code == 403


def test_page_of_a_campaign_says_where_more_people_are_to_come():
    client = signed_in()
    campaign = released(client)
    tell(campaign)
    assert "not all are written yet" not in client.get(page_of(campaign)).content.decode()

    touchpoint = campaign.touchpoints.get(step_key="announce")
    Touchpoint.objects.filter(pk=touchpoint.pk).update(state=TouchpointState.SENDING)
    Expansion.objects.create(touchpoint=touchpoint, revision=touchpoint.revision, recipients=2, reached=2, written_at=NOW)

    assert "not all are written yet" in client.get(page_of(campaign)).content.decode()


def test_page_of_a_campaign_shows_state_counts_lateness_and_reasons():
    client = signed_in()
    campaign = released(client)
    tell(campaign)
    campaign.touchpoints.filter(step_key="announce").update(due_at=timezone.now() - timedelta(hours=1))
    text = client.get(page_of(campaign)).content.decode()
    assert "2 of 2 sent" in text
    assert "left 1 hour" in text
    assert "It starts in 29 days" in text or "It starts in 30 days" in text
    assert "Scheduled" in text


def test_page_of_a_window_without_a_campaign_says_so():
    window = make_window()
    assert "has no campaign" in signed_in().get(f"{LIST}{window.pk}/change/").content.decode()


def test_overrun_window_says_what_to_do():
    client = signed_in()
    campaign = under_way(client)
    now = timezone.now()
    MaintenanceWindow.objects.update(starts_at=now - timedelta(hours=2), ends_at=now - timedelta(minutes=20))
    text = client.get(page_of(campaign)).content.decode()
    assert "Its planned end passed 20 minutes ago" in text
    assert "passed 20 minutes ago" in client.get("/admin/").content.decode()


def test_number_of_queries_does_not_grow_with_the_touchpoints():
    client = signed_in()
    campaign = released(client)
    tell(campaign, number=1)
    client.get(page_of(campaign))
    few = queries_of(client, page_of(campaign))
    template = campaign.touchpoints.get(step_key="t-7d")
    for number in range(8):
        template.pk, template.step_key = None, f"t-{number}"
        template.save()
    assert queries_of(client, page_of(campaign)) == few


def test_number_of_queries_does_not_grow_with_the_windows():
    client = signed_in()
    for _ in range(2):
        make_window()
    few = queries_of(client, LIST), queries_of(client, "/admin/")
    for _ in range(6):
        make_window()
    assert (queries_of(client, LIST), queries_of(client, "/admin/")) == few


def queries_of(client, url):
    with CaptureQueriesContext(connection) as queries:
        assert client.get(url).status_code == 200
    return len(queries)


def test_draft_is_discarded_without_a_reason():
    client = signed_in()
    press(client, drafted(client), "cancel")
    assert window_now().status == WindowStatus.CANCELLED


def test_completion_counts_the_messages_that_leave_at_once():
    client = signed_in()
    campaign = drafted(client)
    step = campaign.playbook.steps.first()
    make_step(
        campaign.playbook, key="done", anchor="actual_end", content_key="completed", channel=step.channel, segment=step.segment
    )
    make_template(content_key="completed")
    services.release(campaign, actor=None, now=timezone.now())
    press(client, campaign, "start")
    assert "Confirm completion: 2 messages leave at once" in client.get(deed_of(campaign, "complete")).content.decode()


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        pytest.param({}, None, id="nobody was invited"),
        pytest.param(
            {"invitation": "request"}, "2 people hold a calendar invitation; their entries are cancelled.", id="both were"
        ),
    ],
)
def test_cancelling_says_whose_calendars_it_reaches(fields, sentence):
    client = signed_in()
    campaign = released(client)
    tell(campaign, **fields)

    text = " ".join(client.get(deed_of(campaign, "cancel")).content.decode().split())

    assert (sentence in text) if sentence else ("calendar invitation" not in text)


def checks_of(client, campaign):
    return client.get(page_of(campaign)).content.decode().partition('id="checks"')[2].partition("</section>")[0]


class TestFreeTimes:
    def move(self, client, campaign, **pressed):
        page = client.get(deed_of(campaign, "reschedule"))
        typed = {name: page.context["form"][name].value() for name in ("start_date", "start_time", "duration")}
        return client.post(deed_of(campaign, "reschedule"), {"seen": page.context["seen"], **typed, **pressed})

    def test_are_offered_clear_of_other_windows_and_not_the_present_one(self):
        client = signed_in()
        campaign = released(client)
        start, day = campaign.window.starts_at, timedelta(days=1)
        days = {time.starts_at for time in self.move(client, campaign, _free_times="1").context["free_times"]}
        assert start not in days
        assert min(days) > start
        make_window(starts_at=min(days) - timedelta(hours=1), services=campaign.window.services.all())
        later = {time.starts_at for time in self.move(client, campaign, _free_times="1").context["free_times"]}
        assert min(later) >= min(days) + day - timedelta(hours=1)

    def test_picked_one_moves_the_form_and_nothing_else(self):
        client = signed_in()
        campaign = released(client)
        before = campaign.window.starts_at
        (first, *_further) = self.move(client, campaign, _free_times="1").context["free_times"]
        page = self.move(client, campaign, _free_time=first.value)
        assert f"{page.context['form']['start_date'].value()}T{page.context['form']['start_time'].value()}" == first.value
        text = page.content.decode()
        assert "Give the reason" not in text
        assert "It has not been done" not in text
        assert window_now().starts_at == before

    def test_nothing_to_look_for_is_said(self):
        client = signed_in()
        campaign = released(client)
        text = self.move(client, campaign, duration="nonsense", _free_times="1").content.decode()
        assert "Give the start and the duration first" in text

    def test_checks_of_a_scheduled_window_lead_to_them(self):
        client = signed_in()
        campaign = released(client)
        assert "_free_times" not in checks_of(client, campaign)
        make_window(title="Move of the racks", starts_at=campaign.window.starts_at, services=campaign.window.services.all())
        link = f"{deed_of(campaign, 'reschedule')}?_free_times=1"
        assert f'href="{link}#free-times"' in checks_of(client, campaign)
        page = client.get(link)
        assert len(page.context["free_times"]) > 1
        assert "It has not been done" not in page.content.decode()

    def test_review_of_a_draft_leads_to_them_too(self):
        client = signed_in()
        campaign = drafted(client)
        make_window(starts_at=campaign.window.starts_at, services=campaign.window.services.all())
        text = client.get(deed_of(campaign, "release")).content.decode()
        assert f'href="{LIST}{campaign.window_id}/draft/?_free_times=1#free-times"' in text

    def test_whoever_only_looks_is_led_to_no_search(self):
        campaign = released(signed_in())
        make_window(starts_at=campaign.window.starts_at, services=campaign.window.services.all())
        assert "_free_times" not in checks_of(client_of(make_member("viewer")), campaign)

    def test_other_deeds_do_not_look_for_them(self):
        client = signed_in()
        campaign = released(client)
        text = client.post(deed_of(campaign, "cancel"), {"_free_times": "1"}).content.decode()
        assert "Find the next free time" not in text
        assert window_now().status == WindowStatus.SCHEDULED
