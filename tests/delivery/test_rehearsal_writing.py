"""What a rehearsed message says, and all that it must not carry."""

import json
import re
from datetime import timedelta

import pytest
from django.conf import settings

from apps.campaigns.models import Step
from apps.channels.models import Channel
from apps.delivery.models import Link
from apps.delivery.rehearsing.marks import marked_html
from apps.delivery.rehearsing.writing import write
from tests.factories import NOW, make_channel, make_step, make_template

from .rehearsed import ana, drafted, messages, started

pytestmark = pytest.mark.django_db


def written(number=0, **wishes):
    return write(messages(started(**wishes))[number], at=NOW).message


def test_it_is_marked_in_subject_text_and_html():
    message = written()

    assert message.subject == "[REHEARSAL] announce"
    for part in (message.text, message.html):
        assert part.count("[REHEARSAL]") == 1
        assert "This is a rehearsal. It came to you alone, and counts nowhere." in part
    assert message.headers["X-Preavis-Rehearsal"].isdecimal()


def test_the_banner_says_what_it_stands_for():
    text = written(3).text

    for words in (
        "In the plan: At the start, Monday 16 March 2026, 10:00 (Paris time, UTC+01:00).",
        "One post by “Team chat”.",
        "It stands for a message by “Team chat”, by which nothing was sent.",
    ):
        assert words in text


def test_the_banner_says_to_how_many_and_as_whom():
    text = written().text

    assert "To 3 people of “Customers”, by “E-mail”." in text
    assert "Written as Cem would read it, in English." in text


def test_the_banner_speaks_the_planner_s_language_and_the_text_that_of_its_reader():
    rehearsal = started(planner=ana(language="fr"), every_language=True)
    french = write(messages(rehearsal)[1], at=NOW).message

    assert french.headers["Content-Language"] == "fr"
    assert "Élise:" in french.text
    assert "Paris" in french.text


def test_nothing_in_it_counts():
    message = written()

    assert not re.search(r"/[ocu]/", message.html + message.text)
    assert ".gif" not in message.html
    assert "List-Unsubscribe" not in message.headers
    assert message.calendar is None
    assert not Link.objects.exists()


def test_its_links_to_our_pages_lead_to_one_that_says_so(client):
    message = written()

    links = {link.removeprefix(settings.SITE_URL) for link in re.findall(rf'{settings.SITE_URL}[^\s"<]+', message.text)}
    assert links == {"/rehearsal/notice/", "/rehearsal/calendar/?lang=en", "/rehearsal/unsubscribe/"}
    for link in links:
        page = client.get(link)
        assert page.status_code == 200
        assert "This was a rehearsal" in page.content.decode()


def test_the_page_of_its_links_changes_nothing_by_a_post(client):
    assert client.post("/rehearsal/unsubscribe/").status_code == 405


def test_what_waits_for_the_completion_speaks_of_it_as_planned():
    make_template(content_key="done", body="{{ window.status }} {{ window.actual_end }}")
    campaign = drafted()
    Step.objects.filter(key="completed").update(content_key="done")

    message = write(messages(started(campaign))[-1], at=NOW).message

    assert "As if the completion had been confirmed at the planned end." in message.text
    assert re.search(r"completed Monday 16 March 2026, 14:00", message.text)


def test_before_the_start_nothing_has_begun():
    make_template(content_key="soon", body="[{{ window.status }}|{{ window.actual_start }}]")
    campaign = drafted()
    Step.objects.filter(content_key="reminder").update(content_key="soon")

    assert "|]" in write(messages(started(campaign))[1], at=NOW).message.text


def test_an_sms_in_a_mail_says_how_many_parts_it_takes():
    made = write(messages(started())[2], at=NOW)

    assert made.sms.parts == 1
    assert "The SMS would take 1 part (GSM-7)." in made.message.text
    assert "Soon" in made.message.html


def test_a_real_sms_is_marked_and_carries_no_banner():
    message = written(2, phone="+33612345678")

    assert message.text.startswith("[REHEARSAL] Soon ")
    assert (message.address, message.html, message.headers) == ("+33612345678", "", {})


def test_a_webhook_s_data_come_with_its_text():
    campaign = drafted()
    hook = make_channel("webhook", name="Hook")
    make_step(campaign.playbook, channel=hook, key="start", anchor="start", content_key="started")

    (row,) = [row for row in messages(started(campaign)) if row.channel == hook]
    text = write(row, at=NOW).message.text

    assert json.loads(text[text.index("{") :])["touchpoint"]["moment"] == "start"


def test_an_invitation_is_left_out_and_said_so():
    campaign = drafted()
    Step.objects.filter(key="announce").update(invites=True)

    message = write(messages(started(campaign))[0], at=NOW).message

    assert message.calendar is None
    assert "carries a calendar invitation" in message.text


def test_a_repeat_has_the_same_name():
    row = messages(started())[0]
    first, second = (write(row, at=NOW + timedelta(seconds=seconds)).message for seconds in (0, 30))

    assert (first.key, first.headers["Message-ID"]) == (second.key, second.headers["Message-ID"])


def test_names_cannot_become_markup():
    campaign = drafted()
    Channel.objects.filter(name="Team chat").update(name="<b>chat</b>")

    html = write(messages(started(campaign))[3], at=NOW).message.html

    assert "<b>" not in html
    assert "&lt;b&gt;chat" in html


def test_a_document_without_a_body_is_marked_all_the_same():
    assert marked_html("<p>x</p>", ["Rehearsal", "more"]).endswith("<p>x</p>")


def test_whoever_has_been_deleted_since_is_nobody_in_particular():
    rehearsal = started()
    rehearsal.messages.update(stand_in=None)

    text = write(messages(rehearsal)[0], at=NOW).message.text

    assert "would read it" not in text
    assert "announce:" in text
