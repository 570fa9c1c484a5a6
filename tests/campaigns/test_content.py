"""Rendering: language, zone, the choice of the text, and what a message is made of."""

from typing import Any

import pytest

from apps.audiences.models import Contact
from apps.campaigns.content import Content, ContentError, gather, language_of, render, webhook_data, zone_of
from apps.campaigns.models import Touchpoint
from apps.channels.models import ChannelKind
from tests import factories as make
from tests.factories import DAY, HOUR, NOW

pytestmark = pytest.mark.django_db


def touchpoint(kind: str = ChannelKind.EMAIL, config: dict[str, str] | None = None, **window: Any) -> Touchpoint:
    campaign = make.make_campaign(window=make.make_window(**window))
    return make.make_touchpoint(campaign=campaign, channel=make.make_channel(kind, config=config or {}))


def said(point: Touchpoint, contact: Contact | None = None, *, language="en", zone="Europe/Paris", **links: str) -> Content:
    return render(touchpoint=point, contact=contact, language=language, zone=zone, **links)


def test_subject_text_and_html_are_rendered_for_the_contact():
    point, ana = touchpoint(), make.make_contact(name="Ana Lima")
    make.make_template(
        subject="{{ window.title }} for {{ contact.first_name }}", body="{{ contact.greeting }},\n\nIt is **soon**."
    )
    content = said(point, ana)
    assert content.subject == "Database upgrade for Ana"
    assert content.text.startswith("Hello Ana Lima,\n\nIt is soon.")
    assert "Hello Ana Lima," in content.html
    assert ">soon</strong>" in content.html


def test_times_are_in_the_zone_of_the_recipient():
    point = touchpoint()
    make.make_template(body="{{ window.times }}")
    assert "11:00–15:00 (Paris time, UTC+02:00)" in said(point).text
    assert "05:00–09:00 (New York time, UTC-04:00)" in said(point, zone="America/New_York").text


def test_the_windows_own_times_are_given_only_where_its_clock_differs():
    point = touchpoint()
    make.make_template(body="{% if window.window_times %}{{ window.window_times }}{% else %}the same{% endif %}")
    assert "(Paris time" in said(point, zone="America/New_York").text
    assert said(point, zone="Europe/Berlin").text.startswith("the same")


@pytest.mark.parametrize(
    ("planned", "announced", "words"),
    [
        (4 * HOUR, 6 * HOUR, "between 4 and 6 hours"),
        (4 * HOUR, 4 * HOUR, "4 hours"),
        (HOUR, HOUR * 1.5, "between 1 hour and 1 hour 30 minutes"),
        (HOUR / 60 * 20, HOUR / 2, "between 20 and 30 minutes"),
        (30 * HOUR, 45 * HOUR, "between 1 day 6 hours and 1 day 21 hours"),
        (24 * HOUR, 48 * HOUR, "between 1 and 2 days"),
        (20 * HOUR, 24 * HOUR, "between 20 hours and 1 day"),
    ],
)
def test_the_announced_duration_is_a_range(planned, announced, words):
    start = NOW + 3 * DAY
    point = touchpoint(starts_at=start, duration=planned, announced_ends_at=start + announced)
    make.make_template(body="{{ window.announced_duration }}")
    assert said(point).text.startswith(words + "\n")


def test_the_windows_words_are_in_the_recipients_language_where_they_are_translated():
    point = touchpoint(reason="Security")
    point.campaign.window.translations.create(language="fr", title="Mise à niveau")
    make.make_template(language="fr", body="{{ window.title }}, {{ window.reason }}, {{ window.announced_duration }}")
    assert said(point, language="fr").text.startswith("Mise à niveau, Security, 4 heures")


def test_a_language_without_a_text_gets_english_and_says_so():
    point = touchpoint()
    make.make_template(body="{{ window.starts }}")
    content = said(point, language="fr")
    assert content.language == "en"
    assert "Wednesday 1 April 2026" in content.text
    assert '<html lang="en"' in content.html


def test_a_missing_text_is_named():
    point = touchpoint()
    make.make_template(content_key="moved")
    with pytest.raises(ContentError, match=r"no text “announce” in fr or English for the channel “Channel \d+” \(E-mail\)"):
        said(point, language="fr")


def test_an_sms_never_falls_back_to_the_text_of_a_mail():
    make.make_template(body="Long")
    with pytest.raises(ContentError, match="SMS"):
        said(touchpoint(ChannelKind.SMS))


@pytest.mark.parametrize(
    ("there", "chosen"),
    [
        (("general",), "general"),
        (("general", "segment"), "segment"),
        (("general", "segment", "kind"), "kind"),
        (("general", "segment", "kind", "kind and segment"), "kind and segment"),
        (("english kind and segment", "general"), "general"),
        (("english kind and segment",), "english kind and segment"),
        (("other segment", "other kind", "general"), "general"),
    ],
)
def test_the_most_specific_text_in_the_language_is_used(there, chosen):
    point = touchpoint()
    texts = {
        "general": {},
        "segment": {"segment": point.segment},
        "kind": {"channel_kind": "email"},
        "kind and segment": {"channel_kind": "email", "segment": point.segment},
        "english kind and segment": {"channel_kind": "email", "segment": point.segment, "language": "en"},
        "other segment": {"segment": make.make_segment()},
        "other kind": {"channel_kind": "chat"},
    }
    for name in there:
        make.make_template(**({"language": "fr", "body": name} | texts[name]))
    assert said(point, language="fr").text.startswith(chosen + "\n")


def test_an_edited_text_or_window_is_seen_at_once():
    point = touchpoint()
    template = make.make_template(body="{{ window.title }} one")
    assert said(point).text.startswith("Database upgrade one")
    template.body = "{{ window.title }} two"
    template.save()
    point.campaign.window.title = "Move"
    assert said(point).text.startswith("Move two")


def test_a_revision_speaks_of_its_own_times_and_reason():
    point = touchpoint(revision=3)
    window = point.campaign.window
    make.make_revision(window, number=1, starts_at=NOW + DAY, ends_at=NOW + DAY + HOUR, announced_ends_at=NOW + DAY + HOUR)
    second = make.make_revision(
        window,
        number=2,
        change="rescheduled",
        starts_at=NOW + 2 * DAY,
        ends_at=NOW + 2 * DAY + HOUR,
        announced_ends_at=NOW + 2 * DAY + HOUR,
        reason="A part is late.",
    )
    make.make_revision(window, number=3, change="extended", reason="Another reason.")
    make.make_template(body="{{ window.starts }} / {{ window.previous_starts }} / {{ window.change_reason }}")
    content = gather(point, second).compiled("en", "UTC").render(None)
    assert content.text.startswith("Wednesday 4 March 2026, 09:00 (UTC) / Tuesday 3 March 2026, 09:00 (UTC) / A part is late.")


def test_links_of_the_recipient_take_the_place_of_the_plain_ones():
    point = touchpoint()
    make.make_template(body="[Page]({{ window.notice_url }})")
    plain = f"https://preavis.test/windows/{point.campaign.window.uid}"
    content = said(point, notice_url="https://preavis.test/c/abc")
    assert f'href="{plain}"' not in content.html
    assert plain not in content.text.replace(f"{plain}.ics", "")
    assert content.html.count('href="https://preavis.test/c/abc"') == 2
    assert said(point).html.count(f'href="{plain}"') == 2


def test_every_letter_offers_the_window_as_a_calendar_file():
    point = touchpoint()
    make.make_template()
    make.make_template(language="fr")
    address = f"https://preavis.test/windows/{point.campaign.window.uid}.ics"
    content = said(point)
    assert f'<a href="{address}?lang=en"' in content.html
    assert f"Add to your calendar: {address}?lang=en" in content.text
    french = gather(point).compiled("fr", "UTC").render(None)
    assert f"Ajouter à votre agenda\xa0: {address}?lang=fr" in french.text


def test_unsubscribe_and_picture_appear_only_with_an_address():
    point = touchpoint()
    make.make_template()
    without = said(point)
    assert "<img" not in without.html
    assert "nsubscribe" not in without.text + without.html
    content = said(point, unsubscribe_url="https://preavis.test/u/x", pixel_url="https://preavis.test/o/x.gif")
    assert 'href="https://preavis.test/u/x"' in content.html
    assert "Unsubscribe from such notices: https://preavis.test/u/x" in content.text
    assert 'src="https://preavis.test/o/x.gif"' in content.html


def test_the_footer_says_why_one_gets_it():
    point = touchpoint(config={"from_address": "Lima Ops <ops@lima.example>"})
    make.make_template()
    assert "from Lima Ops because it concerns services that you use" in said(point, make.make_contact()).text
    assert "from Lima Ops as a colleague" in said(point, make.make_contact(is_internal=True)).text


def test_the_inbox_preview_is_the_first_paragraph_after_the_greeting():
    point = touchpoint()
    make.make_template(body="{{ contact.greeting }},\n\nWork on **{{ window.title }}**.\n\nMore.")
    html = said(point, make.make_contact(name="Ana")).html
    assert html.partition('aria-hidden="true"')[2].partition("</div>")[0].endswith(">Work on Database upgrade.")


def test_a_mail_is_complete_without_anything_from_elsewhere():
    make.make_template()
    html = said(touchpoint()).html
    assert html.index('<meta charset="utf-8">') < 200
    assert "<link" not in html
    assert "<script" not in html
    assert "url(" not in html
    assert "prefers-color-scheme:dark" in html
    assert '<meta name="color-scheme" content="light dark"' in html


def test_chat_gets_its_marks_and_no_html():
    make.make_template(
        channel_kind="chat", body="## Now\n\n- **{{ window.title }}**\n- *soon*\n\n[Page]({{ window.notice_url }})"
    )
    content = said(touchpoint(ChannelKind.CHAT, title="Move"))
    assert content.html == ""
    assert content.text.startswith("*Now*\n\n• *Move*\n• _soon_\n\nPage: https://preavis.test/windows/")


def test_a_text_message_is_one_line_in_the_small_alphabet():
    make.make_template(channel_kind="sms", body="“{{ window.title }}” – demain…\n{{ window.short_times }}")
    content = said(touchpoint(ChannelKind.SMS, title="Forêt"))
    assert content.text == '"Foret" - demain... Wed 1 Apr 11:00-15:00 (UTC+02:00)'


def test_plain_text_keeps_lists_quotes_and_code():
    make.make_template(channel_kind="webhook", body="1. one\n   - two\n2. three\n\n> quoted\n> twice\n\n    code\n\n---\n\nend")
    text = said(touchpoint(ChannelKind.WEBHOOK)).text
    assert text == "1. one\n  - two\n2. three\n\n> quoted\n> twice\n\ncode\n\n" + "-" * 20 + "\n\nend\n"


def test_a_webhook_carries_the_window_as_plain_values():
    point = touchpoint(ChannelKind.WEBHOOK, services=[make.make_service("Shop")])
    data = webhook_data(point)
    assert data["touchpoint"] == {
        "moment": point.step_key,
        "occurrence": 0,
        "content": "announce",
        "due_at": "2026-03-02T09:00:00+00:00",
    }
    window = data["window"]
    assert isinstance(window, dict)
    assert window["uid"] == str(point.campaign.window.uid)
    assert window["starts_at"] == "2026-04-01T09:00:00+00:00"
    assert window["services"] == ["Shop"]


def test_the_language_falls_back_to_one_that_is_known():
    window = make.make_window(language="fr")
    assert language_of(make.make_contact(language="fr"), window) == "fr"
    assert language_of(make.make_contact(language="fr-CA"), window) == "fr"
    assert language_of(make.make_contact(language="xx"), window) == "en"
    assert language_of(None, window) == "fr"


def test_the_zone_falls_back_to_that_of_the_window():
    window = make.make_window(time_zone="Europe/Paris")
    assert zone_of(make.make_contact(time_zone="Asia/Tokyo"), window) == "Asia/Tokyo"
    assert zone_of(make.make_contact(time_zone=""), window) == "Europe/Paris"
    assert zone_of(make.make_contact(time_zone="Mars/Olympus"), window) == "Europe/Paris"
    assert zone_of(None, window) == "Europe/Paris"


def test_a_batch_asks_the_database_only_once(django_assert_num_queries):
    point, contacts = touchpoint(), [make.make_contact() for _ in range(3)]
    make.make_template(body="{{ contact.greeting }} {{ window.services }}")
    point = Touchpoint.objects.select_related("campaign__window", "channel").get(pk=point.pk)
    with django_assert_num_queries(7):
        material = gather(point)
        for contact in contacts:
            material.compiled("en", "Europe/Paris").render(contact)


def test_the_previous_times_are_those_that_people_were_really_told():
    point = touchpoint(revision=3)
    window, campaign = point.campaign.window, point.campaign
    for number in (1, 2):
        start = NOW + number * DAY
        make.make_revision(
            window, number=number, change="rescheduled", starts_at=start, ends_at=start + HOUR, announced_ends_at=start + HOUR
        )
    make.make_revision(window, number=3, change="rescheduled")
    make.make_template(body="{{ window.previous_starts }}")
    assert said(point, zone="UTC").text.startswith("Wednesday 4 March 2026")  # nothing sent: what held before
    make.make_touchpoint(campaign=campaign, state="sent", first_sent_at=NOW, revision=1)
    assert said(point, zone="UTC").text.startswith("Tuesday 3 March 2026")  # nobody ever heard of revision 2


def test_a_mail_without_a_subject_has_the_title():
    make.make_template(subject="")
    assert said(touchpoint(title="Move")).subject == "Move"
