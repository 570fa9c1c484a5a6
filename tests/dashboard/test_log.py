"""The delivery log of a campaign, as somebody looks for one message in it."""

import csv
import io
import re
from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.delivery.gists import gist
from apps.delivery.models import Attempt, Delivery
from tests.factories import DAY, NOW, make_channel, make_contact, make_planner, make_playbook, make_step, make_template, make_user

from .stories import happened, running_campaign, sent_touchpoint, settle

pytestmark = pytest.mark.django_db
# Whatever a strict content security policy would refuse.
INLINE = re.compile(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)|javascript:", re.IGNORECASE)


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def ana(client):
    client.force_login(make_planner(time_zone="Europe/Paris"))
    return client


def url(name, *args):
    return reverse(f"dashboard:{name}", args=args)


def log(client, campaign, **chosen):
    return client.get(url("log", campaign.pk), chosen)


def shown(response):
    return {line.delivery.pk for line in response.context["lines"]}


def said(delivery, text):
    return Attempt.objects.create(
        delivery=delivery, number=1, at=NOW, outcome=delivery.state, phase="before", code="550", text=text, gist=gist(text)
    )


def make_log():
    """Two sent, one refused, one who waits."""
    campaign = running_campaign()
    touchpoint = sent_touchpoint(campaign)
    sent = settle(touchpoint, number=2)
    (failed,) = settle(touchpoint, "failed", reason="refused")
    (waits,) = settle(touchpoint, "pending")
    said(failed, f"550 <{failed.address}> blocked")
    return campaign, sent, failed, waits


def test_log_shows_the_newest_first_with_how_many_stand_where(ana):
    campaign, *_rows = make_log()
    page = log(ana, campaign)

    assert [line.delivery.pk for line in page.context["lines"]] == sorted(shown(page), reverse=True)
    assert {option.key: option.number for option in page.context["figures"].states} == {
        "": 4,
        "sent": 2,
        "failed": 1,
        "pending": 1,
    }


@pytest.mark.parametrize("state", ["failed", "pending", "sent"])
def test_log_of_one_state(ana, state):
    campaign, *_rows = make_log()

    assert shown(log(ana, campaign, state=state)) == set(Delivery.objects.filter(state=state).values_list("pk", flat=True))


def test_answers_that_are_alike_are_counted_together(ana):
    campaign, _sent, failed, _waits = make_log()
    (other,) = settle(failed.touchpoint, "failed", reason="refused")
    said(other, f"550 <{other.address}> blocked")
    (option,) = log(ana, campaign).context["figures"].errors

    assert (option.key, option.number) == ("550 <…> blocked", 2)
    assert shown(ana.get(url("log", campaign.pk) + option.url)) == {failed.pk, other.pk}


def test_answers_from_before_they_were_likened_are_found_by_their_words(ana):
    campaign, _sent, failed, _waits = make_log()
    Attempt.objects.update(gist="")

    assert shown(log(ana, campaign, error=f"550 <{failed.address}> blocked")) == {failed.pk}


def test_log_of_one_moment_segment_and_channel(ana):
    campaign, *_rows = make_log()
    other = sent_touchpoint(campaign)
    (row,) = settle(other)

    for chosen in ({"moment": f"{other.step_key}.0"}, {"segment": other.segment_id}, {"channel": other.channel_id}):
        assert shown(log(ana, campaign, **chosen)) == {row.pk}


def test_people_are_found_by_name_address_and_the_name_of_a_message(ana):
    campaign = running_campaign()
    touchpoint = sent_touchpoint(campaign)
    (row,) = settle(touchpoint, contact=make_contact(name="Zoé Martin", email="zoe@example.org"), provider_id="<p-17@mx>")
    settle(touchpoint, number=2)

    for words in ("zoé mart", "zoe@example", row.token.hex, f"<{row.token.hex}@preavis.test>", "<p-17@mx>"):
        assert shown(log(ana, campaign, q=words)) == {row.pk}


def test_a_search_that_fits_too_many_people_says_so(ana, monkeypatch):
    monkeypatch.setattr("apps.delivery.searching.MOST_PEOPLE", 1)
    campaign, *_rows = make_log()

    assert "Many people fit what you typed" in log(ana, campaign, q="example.org").content.decode()
    assert "Many people fit what you typed" not in log(ana, campaign).content.decode()


def test_an_address_that_no_contact_has_any_more_is_found_when_it_is_whole(ana):
    campaign = running_campaign()
    (row,) = settle(sent_touchpoint(campaign), address="old@example.org")

    assert shown(log(ana, campaign, q="Old@example.org")) == {row.pk}


def test_a_number_that_no_contact_has_any_more_is_found_when_it_is_whole(ana):
    campaign = running_campaign()
    (row,) = settle(sent_touchpoint(campaign), address="+33612345678")

    assert shown(log(ana, campaign, q="+33612345678")) == {row.pk}


def test_a_place_is_found_by_its_address_whatever_that_looks_like(ana):
    campaign = running_campaign()
    (place,) = settle(sent_touchpoint(campaign), contact=None, address="ops")
    settle(sent_touchpoint(campaign), address="ops")  # no mailbox is called so, and none is looked for

    assert shown(log(ana, campaign, q="Ops")) == {place.pk}


def test_what_a_search_finds_is_shown_page_by_page(ana):
    campaign = running_campaign()
    rows = settle(sent_touchpoint(campaign), number=60)
    first = log(ana, campaign, q="example.org")
    second = ana.get(first.request["PATH_INFO"] + first.context["next_page"])

    assert shown(first) | shown(second) == {row.pk for row in rows}
    assert not shown(first) & shown(second)


@pytest.mark.parametrize(
    "chosen",
    [{"before": "9" * 40}, {"before": "x"}, {"state": "nonsense"}, {"q": "\0%_'\""}, {"moment": "a.b.c"}, {"touchpoint": "-1"}],
    ids=str,
)
def test_what_nobody_could_have_chosen_is_no_error(ana, chosen):
    campaign, *_rows = make_log()

    assert log(ana, campaign, **chosen).status_code == 200


def test_pages_follow_one_another_without_a_gap(ana):
    campaign = running_campaign()
    settle(sent_touchpoint(campaign), number=60)
    first = log(ana, campaign)
    second = ana.get(url("log", campaign.pk) + first.context["next_page"])

    assert (len(shown(first)), len(shown(second)), second.context["next_page"]) == (50, 10, "")
    assert not shown(first) & shown(second)


def make_long_log():
    """Of four touchpoints, the oldest written last; one was written for two revisions, one is a place's."""
    campaign = running_campaign()
    plain, moved, other = (sent_touchpoint(campaign, due_at=NOW - days * DAY, expanded_at=NOW - days * DAY) for days in (1, 3, 2))
    place = sent_touchpoint(campaign, channel=make_channel("chat"), segment=None, due_at=NOW - 4 * DAY)
    posts = [*settle(place, revision=1), *settle(place, revision=2)]
    settle(plain, number=2), settle(other, number=3), settle(moved, number=2, revision=1), settle(moved, number=2, revision=2)
    settle(other, "failed", reason="refused")

    def those(touchpoint, revision):
        return list(
            Delivery.objects.filter(touchpoint=touchpoint, revision=revision).order_by("-pk").values_list("pk", flat=True)
        )

    in_order = [those(plain, 1), those(other, 1), those(moved, 2), those(moved, 1), [posts[1].pk], [posts[0].pk]]
    return campaign, [pk for group in in_order for pk in group]


def turned(client, campaign, **chosen):
    """The deliveries of all pages, as they come."""
    page, seen = log(client, campaign, **chosen), []
    while True:
        seen += [line.delivery.pk for line in page.context["lines"]]
        if not page.context["next_page"]:
            return seen
        page = client.get(url("log", campaign.pk) + page.context["next_page"])


@pytest.mark.parametrize("size", [1, 2, 3, 50])
@pytest.mark.parametrize("few", [1, 4, 1000])
def test_pages_go_from_the_newest_touchpoint_to_the_oldest_without_a_gap(ana, monkeypatch, size, few):
    campaign, in_order = make_long_log()
    monkeypatch.setattr("apps.dashboard.logbook.rows.ROWS", size)
    monkeypatch.setattr("apps.dashboard.logbook.paging.FEW", few)

    assert turned(ana, campaign) == in_order


@pytest.mark.parametrize("state", ["sent", "failed"])
def test_pages_of_one_state_are_complete(ana, monkeypatch, state):
    campaign, in_order = make_long_log()
    monkeypatch.setattr("apps.dashboard.logbook.rows.ROWS", 2)
    wanted = set(Delivery.objects.filter(state=state).values_list("pk", flat=True))

    assert turned(ana, campaign, state=state) == [pk for pk in in_order if pk in wanted]


def test_page_goes_on_where_it_was_though_all_of_that_touchpoint_failed_meanwhile(ana):
    campaign = running_campaign()
    oldest, middle, _newest = [settle(sent_touchpoint(campaign, due_at=NOW - days * DAY), number=50) for days in (3, 2, 1)]
    first = log(ana, campaign, state="sent")
    second = ana.get(url("log", campaign.pk) + first.context["next_page"])
    Delivery.objects.filter(pk__in=[row.pk for row in middle]).update(state="failed", reason="refused")

    assert shown(ana.get(url("log", campaign.pk) + second.context["next_page"])) == {row.pk for row in oldest}


def test_touchpoints_of_few_are_read_together(ana):
    campaign = running_campaign()
    with CaptureQueriesContext(connection) as of_one:
        settle(sent_touchpoint(campaign))
        log(ana, campaign)
    for _each in range(5):
        settle(sent_touchpoint(campaign))
    with CaptureQueriesContext(connection) as of_six:
        log(ana, campaign)

    assert read_of(of_six) == read_of(of_one) == 1


def read_of(queries):
    """How often whole deliveries were read."""
    return sum('"delivery_delivery"."token"' in query["sql"] and query["sql"].startswith("SELECT") for query in queries)


def test_the_log_of_another_campaign_is_not_shown(ana):
    campaign, _sent, failed, _waits = make_log()
    other = running_campaign()

    assert shown(log(ana, other)) == set()
    assert ana.get(url("delivery", other.pk, failed.pk)).status_code == 404
    assert ana.get(url("delivery-html", other.pk, failed.pk)).status_code == 404
    assert campaign.pk != other.pk


def test_log_takes_the_same_queries_however_much_there_is(ana, django_assert_max_num_queries):
    campaign, *_rows = make_log()
    log(ana, campaign)
    for _ in range(4):
        for row in settle(sent_touchpoint(campaign), "failed", number=8):
            said(row, "no")
    with django_assert_max_num_queries(29):
        log(ana, campaign)


def test_page_of_a_delivery_tells_its_story_in_order(ana):
    campaign, (sent, _other), _failed, _waits = make_log()
    make_template()
    happened(sent, "opened", "human")
    text = ana.get(url("delivery", campaign.pk, sent.pk)).content.decode()

    assert text.index("The provider accepted it") < text.index("Opened by a person")
    assert "The message as it was sent" in text
    assert not INLINE.search(text)


def test_page_of_a_failure_says_what_who_and_what_now(ana):
    campaign, _sent, failed, _waits = make_log()
    text = ana.get(url("delivery", campaign.pk, failed.pk)).content.decode()

    assert "The provider refused it for good." in text
    assert failed.address in text
    assert "Find out from the provider&#x27;s words why" in text


def test_html_of_a_message_is_framed_without_script(ana):
    campaign, (sent, _other), *_rows = make_log()
    make_template()
    answer = ana.get(url("delivery-html", campaign.pk, sent.pk))

    assert "sandbox" in answer["Content-Security-Policy"]
    assert "default-src 'none'" in answer["Content-Security-Policy"]


def retryable_log():
    campaign = running_campaign()
    step = make_step(make_playbook(), key="announce")
    touchpoint = sent_touchpoint(campaign, step=step, due_at=NOW - timedelta(minutes=30))
    (sent,) = settle(touchpoint)
    (failed,) = settle(touchpoint, "failed", reason="refused", batch=None)
    settle(touchpoint, "failed", reason="bad_address")
    (waits,) = settle(touchpoint, "pending")
    Delivery.objects.filter(pk=failed.pk).update(batch=waits.batch)
    return campaign, sent, failed


def test_retry_says_how_many_and_then_does_just_that(ana):
    campaign, _sent, failed = retryable_log()
    assert "Retry 1 failed message" in log(ana, campaign).content.decode()
    assert "<strong>1 message</strong> leaves again now" in ana.get(url("retry", campaign.pk)).content.decode()

    ana.post(url("retry", campaign.pk), {"state": "failed"})

    failed.refresh_from_db()
    assert (failed.state, failed.reason) == ("pending", "by_hand")
    assert Delivery.objects.filter(state="failed").count() == 1


def test_retry_of_one_message_is_offered_on_its_page(ana):
    campaign, sent, failed = retryable_log()

    assert "Send this one message again" in ana.get(url("delivery", campaign.pk, failed.pk)).content.decode()
    assert "Send this one message again" not in ana.get(url("delivery", campaign.pk, sent.pk)).content.decode()


def test_who_may_only_look_cannot_retry(client):
    viewer = make_user(is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_campaign"))
    client.force_login(viewer)
    campaign, _sent, failed = retryable_log()

    assert "Retry" not in log(client, campaign).content.decode()
    assert client.post(url("retry", campaign.pk), {"state": "failed"}).status_code == 403
    assert Delivery.objects.get(pk=failed.pk).state == "failed"


def exported(client, campaign, **chosen):
    answer = client.get(url("log-file", campaign.pk), chosen)
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def test_file_has_the_chosen_rows_and_nothing_that_a_spreadsheet_would_run(ana):
    campaign, _sent, failed, _waits = make_log()
    Attempt.objects.update(text="=HYPERLINK(1)")
    (row,) = exported(ana, campaign, state="failed")

    assert (row["address"], row["said"], row["state"]) == (failed.address, "'=HYPERLINK(1)", "failed")


def test_file_of_many_is_read_in_pieces_and_whole(ana, monkeypatch):
    monkeypatch.setattr("apps.dashboard.logbook.rows.AT_ONCE", 2)
    campaign, *_rows = make_log()

    assert len({row["name"] for row in exported(ana, campaign)}) == 4


def test_strangers_see_nothing_of_the_log(client):
    client.force_login(make_user(is_staff=True))
    campaign, (sent, _other), *_rows = make_log()
    for page in (url("log", campaign.pk), url("log-file", campaign.pk), url("delivery", campaign.pk, sent.pk)):
        assert client.get(page).status_code == 403
