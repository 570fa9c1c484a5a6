"""The texts that Preavis brings along: each renders for the worst case, and says what a notice must say."""

import re
from dataclasses import dataclass
from datetime import timedelta

import pytest

from apps.campaigns.builtin import files
from apps.campaigns.builtin.loading import load_builtin
from apps.campaigns.content import check_template, gather
from apps.campaigns.models import Step
from apps.channels.models import ChannelKind
from apps.channels.sms_parts import measure
from apps.windows.models import MaintenanceWindow, WindowRevision
from tests import factories as make
from tests.factories import DAY, HOUR, NOW

KEYS = (
    *("announce", "reminder-14d", "reminder-7d", "reminder-24h", "reminder-1h", "started", "update", "overrun"),
    *("completed", "follow-up", "moved", "extended", "cancelled", "internal-notice"),
)
AFTERWARDS = ("completed", "follow-up")
LANGUAGES = ("en", "fr")
KINDS = (ChannelKind.EMAIL, ChannelKind.CHAT, ChannelKind.SMS, ChannelKind.WEBHOOK)
TEXTS = list(files.texts())
EACH_TEXT = pytest.mark.parametrize("text", TEXTS, ids=str)
NOTICES = [text for text in TEXTS if text.channel_kind != ChannelKind.SMS]
EACH_NOTICE = pytest.mark.parametrize("text", NOTICES, ids=str)

# What a notice must not do: never minimise, blame, promise an instant return, or stay vague.
FORBIDDEN = (
    *("hiccup", "tiny", "minor issue", "slight", "brief", "just a", "simply", "no worries", "as soon as possible", "shortly"),
    *(
        "instantly",
        "immediately",
        "in no time",
        "asap",
        "this weekend",
        "sometime",
        "hosting provider",
        "hacker",
        "unfortunately",
    ),
    *("petit", "légère", "simple", "juste une", "dès que possible", "au plus vite", "instantané", "immédiatement", "sous peu"),
    *("ce week-end", "hébergeur", "pirate", "malheureusement", "désagrément"),
)
APOLOGIES = re.compile(r"\bsorry\b|apolog|excus|désolé|regret", re.IGNORECASE)


@dataclass
class Case:
    """A window with nothing but what it must have, or with all it may have."""

    window: MaintenanceWindow
    revision: WindowRevision | None


def bare_case() -> Case:
    return Case(window=make.make_window(title="Database upgrade"), revision=None)


def full_case() -> Case:
    """Everything a planner can enter, as long as it may be, over a clock change; moved, begun and completed."""
    start = NOW + 26 * DAY + 16 * HOUR  # 2026-03-29 01:00 UTC: the clocks of Europe change
    window = make.make_window(
        title="Ö" * 140,
        starts_at=start,
        ends_at=start + 30 * HOUR,
        announced_ends_at=start + 45 * HOUR,
        services=[make.make_service("S" * 100), make.make_service("T & <T>")],
        reason="Why\n\n" + "w" * 2000,
        effect="Effect *a*\nand _b_",
        alternatives="Call [us](javascript:alert(1))",
        actual_started_at=start + timedelta(minutes=3),
        actual_ended_at=start + 29 * HOUR,
        status="completed",
        outcome="Done",
        is_temporary_fix=True,
        revision=2,
    )
    revisions = [
        make.make_revision(window, number=1, starts_at=start - DAY, ends_at=start - DAY + HOUR, announced_ends_at=start),
        make.make_revision(window, number=2, change="rescheduled", reason="A supplier\nneeds one more day."),
    ]
    return Case(window=window, revision=revisions[1])


@pytest.fixture
def built_in(db: None) -> None:
    load_builtin(now=NOW)


def test_every_key_has_every_kind_in_every_language():
    assert {(text.content_key, text.language, text.channel_kind) for text in TEXTS} == {
        (key, language, kind) for key in KEYS for language in LANGUAGES for kind in ("", "chat", "sms")
    }


@pytest.mark.usefixtures("built_in")
def test_every_step_of_every_playbook_has_its_texts():
    assert set(Step.objects.values_list("content_key", flat=True)) <= set(KEYS)


@EACH_TEXT
def test_a_built_in_text_passes_the_check(text):
    assert check_template(text.subject, text.body) == []


@pytest.mark.usefixtures("built_in")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("make_case", [bare_case, full_case])
def test_every_text_renders_for_the_worst_case(make_case, kind):
    case = make_case()
    campaign = make.make_campaign(window=case.window)
    channel = make.make_channel(kind)
    for key in KEYS:
        point = make.make_touchpoint(campaign=campaign, channel=channel, content_key=key)
        material = gather(point, case.revision)
        for language in LANGUAGES:
            for contact in (None, make.make_contact(), make.make_contact(name="Ö" * 120, organisation="<b>")):
                content = material.compiled(language, "Asia/Kathmandu").render(contact)
                assert content.text
                assert "qzx" not in content.subject + content.text + content.html
                assert "{{" not in content.text
                assert "None" not in content.text
                assert bool(content.html) == (kind == ChannelKind.EMAIL)


@EACH_NOTICE
def test_a_notice_names_a_time_with_its_zone_the_services_and_the_page(text):
    times = ("window.times", "window.starts", "window.ends", "window.latest_end")
    assert any(f"{{{{ {name} }}}}" in text.body for name in times)
    assert "{{ window.services }}" in text.body
    assert "({{ window.notice_url }})" in text.body
    assert text.subject


@EACH_NOTICE
def test_a_notice_says_how_it_is_felt_and_how_long(text):
    if text.content_key not in (*AFTERWARDS, "cancelled"):
        assert "{{ window.impact }}" in text.body
    if text.content_key not in ("cancelled", "overrun", "update"):
        assert "duration }}" in text.body


@EACH_NOTICE
def test_a_notice_thanks_and_says_where_help_is(text):
    assert re.search(r"\bThank you\b|\bMerci\b", text.body)
    if not text.channel_kind:
        assert "{{ team.email }}" in text.body


@EACH_TEXT
def test_a_text_neither_minimises_nor_blames_nor_promises_nor_stays_vague(text):
    words = f"{text.subject}\n{text.body}".lower()
    assert [word for word in FORBIDDEN if re.search(rf"\b{re.escape(word)}\b", words)] == []


@EACH_TEXT
def test_a_text_apologises_at_most_once(text):
    assert len(APOLOGIES.findall(text.body)) <= 1


@EACH_TEXT
def test_french_keeps_its_spaces_unbroken_and_addresses_politely(text):
    if text.language == "fr" and text.channel_kind != ChannelKind.SMS:
        prose = re.sub(r"\{[{%].*?[%}]\}", "", text.body)
        assert not re.search(r"[ \w*][:;?!](?=\s|\*)", prose.replace("\u00a0:", "").replace("\u00a0;", "").replace("\u00a0?", ""))
        assert not re.search(r"\b(tu|ton|ta|tes|toi)\b", prose, re.IGNORECASE)
        assert "'" not in prose


@EACH_TEXT
def test_languages_say_the_same_variables(text):
    other = next(
        peer
        for peer in TEXTS
        if (peer.content_key, peer.channel_kind) == (text.content_key, text.channel_kind) and peer.language != text.language
    )
    variables = re.compile(r"\b(?:window|contact|team|touchpoint)\.\w+")
    assert set(variables.findall(text.body)) == set(variables.findall(other.body))


@pytest.mark.usefixtures("built_in")
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("zone", "start"), [("Europe/Paris", NOW + 30 * DAY), ("America/New_York", NOW + 163 * DAY)])
def test_a_text_message_with_a_typical_title_is_one_part(settings, language, zone, start):
    settings.SITE_URL = "https://status.example.org"
    window = make.make_window(
        title="Mise à niveau de la base" if language == "fr" else "Database upgrade",
        starts_at=start,
        announced_ends_at=start + 6 * HOUR,
        actual_started_at=start,
        actual_ended_at=start + 3 * HOUR,
        status="completed",
    )
    campaign, channel, contact = make.make_campaign(window=window), make.make_channel(ChannelKind.SMS), make.make_contact()
    for key in KEYS:
        point = make.make_touchpoint(campaign=campaign, channel=channel, content_key=key)
        text = gather(point).compiled(language, zone).render(contact).text
        size = measure(text)
        assert not size.forced_by, f"{key}: {size.forced_by}"
        assert size.parts == 1, f"{key}: {size.places} places: {text}"
