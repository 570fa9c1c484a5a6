"""Why a window changed, and what was done, in each language of those who read it."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.campaigns import services
from apps.campaigns.checks.typed import typed_advice
from apps.campaigns.content import gather, keep, material_of, webhook_data
from apps.campaigns.models import Touchpoint
from apps.campaigns.readers import readers_of
from apps.windows.models import MaintenanceWindow
from tests.factories import (
    DAY,
    HOUR,
    NOW,
    make_campaign,
    make_channel,
    make_contact,
    make_segment,
    make_template,
    make_touchpoint,
    make_window,
)

from .admin_pages import INLINE, deed_of, drafted, page_of, press, released, signed_in
from .test_admin_deeds import tell, times_of, under_way

pytestmark = pytest.mark.django_db
FRENCH = {"fr": "Une pièce manque."}


def moved(campaign=None, *, translations=FRENCH):
    """By a day, because a part is missing."""
    campaign = campaign or make_campaign(window=make_window())
    window = campaign.window
    times = {"starts_at": window.starts_at + DAY, "ends_at": window.ends_at + DAY}
    services.reschedule(campaign, **times, reason="A part is missing.", translations=translations, actor=None, now=NOW)
    return campaign


def letter(campaign, language):
    make_template(body="{{ window.change_reason }}|{{ window.outcome }}|", language=language)
    point = make_touchpoint(campaign=campaign)
    return gather(point).compiled(language, "UTC").render(None).text.split("|")


class TestWhatPeopleRead:
    def test_each_reads_the_reason_in_their_language(self):
        campaign = moved()
        assert letter(campaign, "fr")[0] == "Une pièce manque."
        assert letter(campaign, "en")[0] == "A part is missing."

    def test_where_it_was_not_translated_they_read_the_windows_own(self):
        assert letter(moved(translations={"fr": "  "}), "fr")[0] == "A part is missing."

    @pytest.mark.parametrize("deed", ["extend", "cancel"])
    def test_the_same_holds_for_every_correction(self, deed):
        window = make_window(status="in_progress" if deed == "extend" else "scheduled", actual_started_at=NOW)
        campaign = make_campaign(window=window)
        times = {"ends_at": window.ends_at + HOUR} if deed == "extend" else {}
        verb = getattr(services, deed)
        verb(campaign, **times, reason="A part is missing.", translations=FRENCH, actor=None, now=NOW)
        assert letter(campaign, "fr")[0] == "Une pièce manque."

    def test_each_reads_the_outcome_in_their_language(self):
        campaign = make_campaign(window=make_window(starts_at=NOW, status="in_progress", actual_started_at=NOW))
        said = {"outcome": "Twice as fast.", "translations": {"fr": "Deux fois plus rapide."}}
        services.complete(campaign, **said, is_temporary=False, actor=None, now=NOW + HOUR)
        assert letter(campaign, "fr")[1] == "Deux fois plus rapide."
        assert letter(campaign, "en")[1] == "Twice as fast."

    def test_what_was_said_can_be_read_again_as_it_was(self):
        point = make_touchpoint(campaign=moved())
        make_template(body="{{ window.change_reason }}", language="fr")
        _digest, kept = keep(gather(point))
        assert material_of(kept, point).compiled("fr", "UTC").render(None).text.startswith("Une pièce manque.")

    def test_what_was_kept_before_there_were_translations_can_still_be_read(self):
        point = make_touchpoint(campaign=moved())
        make_template(body="{{ window.change_reason }}", language="fr")
        _digest, kept = keep(gather(point))
        for text in kept["facts"]["texts"]:
            del text["change_reason"], text["outcome"]
        assert material_of(kept, point).compiled("fr", "UTC").render(None).text.startswith("A part is missing.")

    def test_webhook_speaks_the_windows_own_language(self):
        assert webhook_data(make_touchpoint(campaign=moved()))["window"]["change_reason"] == "A part is missing."

    def test_public_page_and_feed_say_it_in_theirs(self, client):
        window = moved().window
        for language, words in (("fr", "Une pièce manque."), ("en", "A part is missing.")):
            page = client.get(reverse("publishing:notice", args=[window.uid]), {"lang": language}).content.decode()
            assert f'<div lang="{language}"><p>{words}</p></div>' in page

    def test_public_page_says_in_which_language_it_really_is(self, client):
        window = moved(translations={}).window
        page = client.get(reverse("publishing:notice", args=[window.uid]), {"lang": "fr"}).content.decode()
        assert '<div lang="en"><p>A part is missing.</p></div>' in page

    def test_languages_that_nobody_can_read_here_are_not_kept(self):
        revision = moved(translations={"en": "Own.", "xx": "Unknown.", **FRENCH}).window.revisions.latest("number")
        assert revision.reason_translations == FRENCH


class TestThePage:
    def typed(self, campaign, **said):
        return times_of(campaign.window, days=1) | {"reason": "A part is missing.", **said}

    def test_asks_for_the_reason_in_each_language(self):
        client = signed_in()
        text = client.get(deed_of(released(client), "reschedule")).content.decode()
        assert "Reason, in English" in text
        assert "Reason, in French" in text
        assert 'lang="fr"' in text
        assert "For those who read French. Left empty, they read it in English." in text
        assert INLINE.search(text) is None

    def test_keeps_both_and_shows_both_on_the_page_of_the_window(self):
        client = signed_in()
        campaign = released(client)
        press(client, campaign, "reschedule", **self.typed(campaign, reason_fr="Une pièce manque."))
        assert MaintenanceWindow.objects.get().revisions.latest("number").reason_translations == FRENCH
        text = client.get(page_of(campaign)).content.decode()
        assert 'French: <span lang="fr">Une pièce manque.</span>' in text

    def test_extending_keeps_both(self):
        client = signed_in()
        campaign = under_way(client)
        end = campaign.window.ends_at + timedelta(days=1)
        typed = {"end_date": f"{end:%Y-%m-%d}", "end_time": "04:00", "reason": "A part is missing."}
        press(client, campaign, "extend", **typed, reason_fr="Une pièce manque.")
        assert MaintenanceWindow.objects.get().revisions.latest("number").reason_translations == FRENCH

    def test_completion_asks_for_the_outcome_in_each_language(self):
        client = signed_in()
        campaign = under_way(client)
        said = {"outcome": "Twice as fast.", "outcome_fr": "Deux fois plus rapide."}
        press(client, campaign, "complete", fix="permanent", **said)
        assert MaintenanceWindow.objects.get().outcome_translations == {"fr": "Deux fois plus rapide."}
        assert "Deux fois plus rapide." in client.get(page_of(campaign)).content.decode()

    def test_warns_before_it_is_done_that_somebody_cannot_read_it(self):
        client = signed_in()
        campaign = released(client)
        tell(campaign)
        look = {"_look": "1", "seen": "x"}
        sentence = "The reason is missing in French: 1 person of the audience reads French and gets it in English."
        assert sentence in client.post(deed_of(campaign, "reschedule"), self.typed(campaign) | look).content.decode()
        both = self.typed(campaign, reason_fr="Une pièce manque.")
        assert sentence not in client.post(deed_of(campaign, "reschedule"), both | look).content.decode()

    def test_reads_the_tone_of_each_language(self):
        client = signed_in()
        campaign = released(client)
        typed = self.typed(campaign, reason_fr="Un petit souci technique.") | {"_look": "1", "seen": "x"}
        text = client.post(deed_of(campaign, "reschedule"), typed).content.decode()
        assert "The reason in French" in text
        assert "petit souci" in text

    def test_asks_nothing_more_of_a_draft_of_which_nobody_has_heard(self):
        client = signed_in()
        assert "Reason, in" not in client.get(deed_of(drafted(client), "cancel")).content.decode()

    def test_trail_keeps_all_that_was_said(self):
        client = signed_in()
        campaign = released(client)
        press(client, campaign, "reschedule", **self.typed(campaign, reason_fr="Une pièce manque."))
        history = client.get(reverse("admin:windows_maintenancewindow_history", args=[campaign.window_id])).content.decode()
        assert "Reason in other languages" in history
        assert "fr: Une pièce manque." in history


class TestReaders:
    def test_are_counted_once_whatever_segments_name_them(self):
        campaign, everybody = make_campaign(), make_segment()
        french = make_segment({"field": "language", "op": "is", "value": "fr"})
        for segment in (everybody, french):
            make_touchpoint(campaign=campaign, segment=segment)
        make_contact(language="fr")
        make_contact(language="fr")
        make_contact(language="en")
        with CaptureQueriesContext(connection) as queries:
            assert readers_of(campaign) == {"fr": 2, "en": 1}
        assert len(queries) == 2

    @pytest.mark.parametrize("reason", ["taken_out", "step_removed", "back_to_draft"])
    def test_who_is_no_longer_in_the_plan_is_not_asked_about(self, reason):
        campaign, french = make_campaign(), make_segment({"field": "language", "op": "is", "value": "fr"})
        make_touchpoint(campaign=campaign, segment=french, state="skipped", reason=reason)
        make_contact(language="fr")
        assert not readers_of(campaign)

    def test_nothing_is_missing_from_a_draft_that_was_taken_back(self):
        client = signed_in()
        campaign = released(client)
        press(client, campaign, "withdraw")
        look = {"reason": "A part is missing.", "_look": "1", "seen": "x"}
        assert "is missing in French" not in client.post(deed_of(campaign, "cancel"), look).content.decode()

    def test_there_are_none_of_a_plan_that_speaks_to_places_only(self):
        campaign = make_campaign()
        Touchpoint.objects.all().delete()
        make_touchpoint(campaign=campaign, segment=None, audience="channel", channel=make_channel("chat"))
        make_contact(language="fr")
        assert not readers_of(campaign)

    def test_nothing_is_missing_where_nobody_reads_the_other_language(self):
        typed = {"reason": "A part is missing."}
        assert list(typed_advice(make_window(), typed, readers={"en": 3})) == []

    def test_nothing_is_missing_before_something_is_typed(self):
        assert list(typed_advice(make_window(), {"reason": " "}, readers={"fr": 3})) == []
