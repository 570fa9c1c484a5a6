"""The checks from the database to the sentence and its link."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import translation

from apps.audiences.models import Segment
from apps.campaigns.checks import Level, Place, findings_of
from apps.campaigns.checks.links import LINKS
from apps.campaigns.checks.names import PLACES, RULES
from apps.campaigns.checks.rules import Cause, Code
from apps.campaigns.checks.sentences import FIELDS, PARTS, SENTENCES
from apps.campaigns.models import Anchor, Audience, MessageTemplate
from apps.campaigns.touchpoints import CORRECTION_CONTENT
from apps.channels.models import Channel, ChannelKind
from apps.windows.models import Blackout
from tests.factories import (
    DAY,
    HOUR,
    NOW,
    make_campaign,
    make_channel,
    make_contact,
    make_planner,
    make_playbook,
    make_segment,
    make_service,
    make_step,
    make_template,
    make_touchpoint,
    make_window,
)

pytestmark = pytest.mark.django_db

BODY = """{{ contact.greeting }},

{{ window.title }}: {{ window.times }}, {{ window.announced_duration }}. {{ window.impact }}
{{ window.reason }} {{ window.alternatives }} [News]({{ window.notice_url }})

Questions? Write to {{ team.email }}. Thank you.
"""
START = NOW + 30 * DAY + 16 * HOUR


@pytest.fixture(autouse=True)
def real_mail(settings):
    settings.EMAIL_BACKEND = "apps.channels.smtp.PhasedSMTPBackend"


def draft_window(**fields):
    start = fields.pop("starts_at", START)
    texts = {"reason": "Its support ends.", "alternatives": "Call us."}
    defaults = {"starts_at": start, "announced_ends_at": start + 6 * HOUR, "status": "draft", "scheduled_at": None, "revision": 0}
    return make_window(**(texts | defaults | fields))


def draft(*, window=None, channel=None, segment=None, **step):
    """One announcement by e-mail to everybody, of whom there is one, in a text that says all it has to."""
    playbook = make_playbook()
    channel = channel or Channel.objects.filter(name="Mail").first() or make_channel(ChannelKind.EMAIL, name="Mail")
    segment = segment or Segment.objects.filter(name="Everybody").first() or make_segment(name="Everybody")
    make_step(playbook, channel=channel, segment=segment, **step)
    return make_campaign(window=window or draft_window(), playbook=playbook, released_at=None)


@pytest.fixture(autouse=True)
def corrections():
    """What is said when the window moves, by whatever channel."""
    keys = CORRECTION_CONTENT.values()
    return MessageTemplate.objects.bulk_create(
        MessageTemplate(content_key=key, language="en", subject="{{ window.title }}", body="{{ window.times }}") for key in keys
    )


@pytest.fixture
def sound_text():
    return make_template(body=BODY)


def found(campaign, code=None, now=NOW):
    return [finding for finding in findings_of(campaign, now=now) if code in (None, finding.code)]


def only(campaign, code):
    (finding,) = found(campaign, code)
    return finding


def test_campaign_in_order_has_no_findings(sound_text):
    make_contact()

    assert found(draft()) == []


def test_corrections_are_read_before_they_are_needed(sound_text):
    make_contact(language="en")
    MessageTemplate.objects.filter(content_key="moved").update(body="Just a small technical hiccup.\n\n{{ window.times }}")

    finding = only(draft(), "minimises")

    assert "The text “moved” (English), line 1: “small technical hiccup”" in finding.sentence


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        pytest.param(
            {"body": "{{ window.nonsense }}"}, "broken_text", "The text “moved” (English) cannot be composed.", id="broken"
        ),
        pytest.param({"archived_at": NOW}, "unwritten", "There is no text “moved” for E-mail", id="missing"),
    ],
)
def test_correction_that_cannot_be_written_is_a_warning_since_the_plan_does_without(sound_text, change, code, words):
    make_contact(language="en")
    MessageTemplate.objects.filter(content_key="moved").update(**change)

    finding = only(draft(), code)

    assert (finding.level, words in finding.sentence) == (Level.WARN, True)


def test_correction_in_another_language_than_its_readers_is_named(sound_text):
    make_contact(language="fr")
    make_template(language="fr", body=BODY)

    finding = only(draft(), "untranslated_text")

    assert "gets these texts in English: moved, extended, cancelled." in finding.sentence


def test_once_the_work_has_begun_only_its_end_can_still_move(sound_text):
    make_contact(language="en")
    MessageTemplate.objects.exclude(content_key="announce").update(archived_at=NOW)
    window = draft_window(status="in_progress", actual_started_at=START, scheduled_at=NOW, revision=1)

    assert "There is no text “extended”" in only(draft(window=window), "unwritten").sentence


def test_notice_that_is_too_short_has_to_be_ticked():
    finding = only(draft(window=draft_window(starts_at=NOW + 5 * DAY)), "notice")

    assert finding.level == Level.WARN
    assert "at least 7 days" in finding.sentence


def test_overlap_names_the_other_window_and_leads_to_it():
    service = make_service("Checkout")
    other = make_window(title="Network", services=[service], starts_at=START, duration=2 * HOUR)

    finding = only(draft(window=draft_window(services=[service])), "overlap")

    assert "“Network” on Checkout" in finding.sentence
    assert finding.href.endswith(f"/maintenancewindow/{other.pk}/change/")


@pytest.mark.parametrize(("is_strict", "level"), [(False, Level.WARN), (True, Level.STOP)])
def test_blackout_of_one_of_its_services_counts(is_strict, level):
    service = make_service()
    freeze = Blackout.objects.create(
        name="Sale", first_date="2026-04-02", last_date="2026-04-03", time_zone="Europe/Paris", is_strict=is_strict
    )
    freeze.services.add(service)
    touched, spared = draft(window=draft_window(services=[service])), draft(window=draft_window())

    finding = only(touched, "blackout")

    assert (finding.level, "“Sale” (Thursday 2 April 2026" in finding.sentence) == (level, True)
    assert finding.href.endswith(f"/blackout/{freeze.pk}/change/")
    assert found(spared, "blackout") == []


@pytest.mark.parametrize(
    ("regions", "name"),
    [
        pytest.param([], "Easter Monday", id="of the country of the window's zone"),
        pytest.param(["DE"], "Easter Monday", id="of a setting"),
        pytest.param(["US"], "", id="not where the setting names another country"),
    ],
)
def test_public_holiday_is_named(settings, regions, name):
    settings.HOLIDAY_REGIONS = regions
    easter = NOW.replace(month=4, day=6, hour=10)

    sentences = [finding.sentence for finding in found(draft(window=draft_window(starts_at=easter)), "holiday")]

    assert len(sentences) == bool(name)
    assert all(name in sentence and "Monday 6 April 2026" in sentence for sentence in sentences)


def test_people_without_an_address_are_counted_and_can_be_listed(client):
    for _number in range(2):
        make_contact()
    make_contact(name="Without", email="", phone="+33123456789")
    finding = only(draft(), "no_address")
    client.force_login(make_planner())

    assert finding.sentence.startswith("1 person of “Everybody” has no e-mail address and gets nothing by “Mail”.")
    page = client.get(finding.href)
    assert [row.name for row in page.context["cl"].result_list] == ["Without"]


def test_people_of_two_segments_are_counted():
    make_contact()
    make_contact(language="fr")
    french = make_segment(name="French", rule={"field": "language", "op": "is", "value": "fr"})
    campaign = draft()
    channel = campaign.playbook.steps.get().channel
    make_step(campaign.playbook, channel=channel, segment=french)

    finding = only(campaign, "twice")

    assert finding.level == Level.HINT
    assert finding.sentence.startswith("1 person belongs to more than one of “Everybody”, “French”")


def test_messages_of_other_scheduled_campaigns_count_for_the_week(settings):
    settings.MESSAGES_PER_WEEK = 5
    for _number in range(3):
        make_contact()
    campaign = draft()
    step = campaign.playbook.steps.get()
    other = {"segment": step.segment, "channel": make_channel(ChannelKind.EMAIL)}
    for number in range(5):
        make_touchpoint(**other, due_at=NOW + number * DAY, state="planned")
    make_touchpoint(**other, due_at=NOW + 20 * DAY)
    make_touchpoint(**other, due_at=NOW, state="skipped", reason="too_short")
    draft_of_another = make_campaign(window=draft_window(), released_at=None)
    make_touchpoint(**other, campaign=draft_of_another, due_at=NOW)

    sentence = only(campaign, "too_many").sentence

    assert sentence.startswith("3 people would get more than 5 messages within seven days: up to 6 from ")
    assert sentence.endswith("1 of them from this campaign.")


def test_broken_segment_stops_and_says_where_it_is_broken():
    finding = only(
        draft(segment=make_segment(name="Odd", rule={"field": "language", "op": "is", "value": 3.5, "x": 1})), "broken_segment"
    )

    assert finding.level == Level.STOP
    assert "“Odd” is broken" in finding.sentence
    assert "/segment/" in finding.href


def test_unknown_variable_stops_and_names_its_line():
    text = make_template(body="Hello,\n\n{{ window.titel }}")
    make_contact()

    finding = only(draft(), "broken_text")

    assert finding.level == Level.STOP
    assert "Line 3: there is no variable “window.titel”. Is “window.title” meant?" in finding.sentence
    assert finding.href.endswith(f"/messagetemplate/{text.pk}/change/")


def test_content_without_a_text_stops_and_offers_to_write_one():
    make_contact()

    finding = only(draft(content_key="hello"), "unwritten")

    assert finding.level == Level.STOP
    assert finding.href.endswith("/messagetemplate/add/?content_key=hello&channel_kind=email")


def test_readers_of_another_language_are_counted_for_texts_and_window(sound_text):
    make_contact()
    make_contact(language="fr")
    campaign = draft()

    assert (
        only(campaign, "untranslated_text").sentence
        == "1 person who reads French gets these texts in English: announce, moved, extended, cancelled."
    )
    assert only(campaign, "untranslated_window").sentence.startswith("At least 1 recipient reads French")


def test_tone_of_a_template_leads_to_its_line():
    text = make_template(body="Hello,\n\nA small technical hiccup.\n" + BODY)
    make_contact()

    finding = only(draft(), "minimises")

    assert finding.sentence == (
        "The text “announce” (English), line 3: “small technical hiccup”. "
        "Do not play down what readers will feel: say what does not work, and for how long."
    )
    assert finding.href.endswith(f"/messagetemplate/{text.pk}/change/?line=3#id_body")


def test_tone_of_the_windows_own_words_leads_to_them(sound_text):
    make_contact()
    campaign = draft(window=draft_window(reason="Our hosting provider has failed."))

    finding = only(campaign, "blames")

    assert finding.sentence.startswith("The window's reason (English): “Our hosting provider has failed”.")
    assert finding.href.endswith(f"/{campaign.window_id}/texts/")


def test_two_apologies_are_one_too_many():
    make_template(body=BODY + "We are sorry. Please accept our apologies.")
    make_contact()

    assert "apologises 2 times: “sorry”, “apologies”" in only(draft(), "apologises").sentence


def test_text_that_lacks_something_says_what():
    make_template(body="{{ window.starts }}")
    make_contact()
    warn, hint = found(draft(), "incomplete")

    assert warn.sentence == (
        "The text “announce” (English) does not say: the duration, what does and does not work, the reason, "
        "where to follow the state, where to get help."
    )
    assert hint.sentence == "The text “announce” (English) does not say: what people can do instead, thanks."


def test_long_sms_names_its_parts_and_what_forces_them():
    make_template(channel_kind="sms", body="{{ window.short_times }} {{ window.notice_url }} Zażółć gęślą jaźń")
    make_contact(phone="+33123456789")

    finding = only(draft(channel=make_channel(ChannelKind.SMS)), "long_sms")

    assert "takes 2 parts" in finding.sentence
    assert "“ł” forces the shorter parts." in finding.sentence


def test_sms_at_night_is_told_by_the_zones_of_the_people(sound_text):
    make_template(channel_kind="sms", body="{{ window.short_times }} {{ window.notice_url }}")
    make_contact(phone="+33123456789", time_zone="Asia/Tokyo")
    make_contact(phone="+33123456780")
    reminder = {"key": "t-24h", "anchor": Anchor.START, "offset": -24 * HOUR}
    campaign = draft(channel=make_channel(ChannelKind.SMS, name="SMS"), **reminder)  # at 03:00 in Paris

    sentence = only(campaign, "quiet_hours").sentence

    assert "−24 h before the start would ring at night or at a weekend for 1 person; it leaves earlier" in sentence


@pytest.mark.parametrize(
    ("fields", "code", "level"),
    [
        ({"is_enabled": False}, "channel_off", Level.WARN),
        ({"config": {"backend": "django.core.mail.backends.console.EmailBackend"}}, "stays_here", Level.WARN),
        ({"config": {"from_address": "nobody"}}, "channel_unset", Level.STOP),
    ],
)
def test_channel_that_will_not_send_is_told(fields, code, level):
    make_contact()
    channel = make_channel(ChannelKind.EMAIL, **fields)

    finding = only(draft(channel=channel), code)

    assert finding.level == level
    assert finding.href.endswith(f"/channel/{channel.pk}/change/")


def test_released_campaign_is_looked_at_without_its_notice(sound_text):
    make_contact()
    window = draft_window(starts_at=NOW + DAY, status="scheduled", scheduled_at=NOW - DAY)
    campaign = draft(window=window)
    campaign.released_at = NOW - DAY
    step = campaign.playbook.steps.get()
    make_touchpoint(campaign=campaign, step=step, segment=step.segment, channel=step.channel, due_at=NOW + HOUR)

    assert found(campaign) == []


def test_corrections_are_no_part_of_the_plan(sound_text):
    make_contact()
    campaign = make_campaign(window=make_window(announced_ends_at=START + 9 * HOUR, reason="Why.", alternatives="Call."))
    correction = {"audience": Audience.TOLD, "step_key": "correction", "content_key": "moved"}
    make_touchpoint(campaign=campaign, channel=make_channel(ChannelKind.EMAIL), **correction)

    assert [finding.code for finding in found(campaign, now=NOW + HOUR)] == ["nothing_leaves"]


@pytest.mark.parametrize("status", ["completed", "cancelled"])
def test_nothing_is_found_about_what_is_over(status):
    window = make_window(status=status, actual_ended_at=NOW, starts_at=NOW - DAY)

    assert found(make_campaign(window=window)) == []


def test_gravest_come_first():
    make_contact()
    levels = [finding.level for finding in found(draft(content_key="hello", window=draft_window(starts_at=NOW + DAY)))]

    assert levels == sorted(levels, key=list(Level).index)
    assert len(set(levels)) > 1


def test_key_stays_while_a_page_is_open_and_changes_with_what_is_to_be_known():
    campaign = draft(window=draft_window(starts_at=NOW + 5 * DAY))
    opened = only(campaign, "notice")
    (later,) = found(campaign, "notice", now=NOW + HOUR)
    (severe,) = found(campaign, "notice", now=NOW + 4 * DAY)
    campaign.window.starts_at -= DAY
    (moved,) = found(campaign, "notice")

    assert later.sentence != opened.sentence
    assert later.key == opened.key
    assert len({opened.key, severe.key, moved.key}) == 3


def test_sentences_are_in_the_readers_language():
    campaign = draft(window=draft_window(starts_at=NOW.replace(month=4, day=6, hour=10)))
    with translation.override("fr"):
        assert "Lundi de Pâques" in only(campaign, "holiday").sentence


def test_every_rule_has_its_sentence_its_name_and_every_cause_a_page():
    assert set(SENTENCES) == set(Code) == set(RULES)
    assert set(PLACES) == set(Place)
    assert set(LINKS) == set(Cause)
    assert {"title", "reason", "effect", "alternatives"} == set(FIELDS)
    assert len(PARTS) == len(set(map(str, PARTS.values())))


def test_number_of_queries_does_not_grow_with_people_or_windows(sound_text, django_assert_num_queries):
    def queries_of(campaign):
        campaign = type(campaign).objects.select_related("window", "playbook").get(pk=campaign.pk)
        with django_assert_num_queries(EXPECTED_QUERIES):
            findings_of(campaign, now=NOW)

    make_contact()
    service = make_service()
    campaign = draft(window=draft_window(services=[service]))
    other = make_window(services=[service], starts_at=START)
    make_touchpoint(
        campaign=make_campaign(window=other), segment=make_segment(), channel=make_channel(ChannelKind.EMAIL), due_at=NOW
    )
    Blackout.objects.create(name="Sale", first_date="2026-04-02", last_date="2026-04-03", time_zone="Europe/Paris")
    queries_of(campaign)
    for number in range(10):
        make_contact()
        make_window(services=[service], starts_at=START)
        Blackout.objects.create(name=f"{number}", first_date="2026-04-02", last_date="2026-04-03", time_zone="Europe/Paris")
    queries_of(campaign)


EXPECTED_QUERIES = 14


def test_command_prints_the_findings_and_fails_only_where_something_stops(sound_text):
    make_contact()
    campaign, out = draft(window=draft_window(starts_at=NOW + 900 * DAY, announced_ends_at=NOW + 901 * DAY)), StringIO()
    call_command("check_campaign", campaign.pk, stdout=out)
    assert out.getvalue() == f"Checked: {len(Code)} rules, nothing found.\n"

    campaign.playbook.steps.update(content_key="hello")
    out = StringIO()
    with pytest.raises(CommandError, match="may not be scheduled like this: 1 to mend"):
        call_command("check_campaign", campaign.pk, stdout=out)
    assert "Texts:\n  stop: There is no text “hello” for E-mail" in out.getvalue()


def test_command_knows_campaigns_only():
    with pytest.raises(CommandError, match="no campaign 4711"):
        call_command("check_campaign", 4711)
