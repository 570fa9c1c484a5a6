import pytest

from apps.campaigns.checks import Level, findings_of
from tests.factories import DAY, HOUR, NOW, make_campaign, make_service, make_window

pytestmark = pytest.mark.django_db


def found(campaign, code):
    return [finding for finding in findings_of(campaign, now=NOW) if finding.code == code]


def test_notice_that_is_too_short_has_to_be_ticked():
    campaign = make_campaign(window=make_window(starts_at=NOW + 5 * DAY, impact="outage"), released_at=None)

    (finding,) = found(campaign, "notice")

    assert finding.level == Level.WARN
    assert "at least 7 days" in finding.sentence
    assert finding.href.endswith(f"/{campaign.window_id}/draft/")


def test_overlap_names_the_other_window_and_leads_to_it():
    service = make_service("Checkout")
    other = make_window(title="Network", services=[service], duration=2 * HOUR)
    campaign = make_campaign(window=make_window(services=[service], status="draft"), released_at=None)

    (finding,) = found(campaign, "overlap")

    assert "“Network” on Checkout" in finding.sentence
    assert finding.href.endswith(f"/{other.pk}/change/")


def test_key_names_the_cause_and_changes_with_its_words():
    campaign = make_campaign(window=make_window(starts_at=NOW + 5 * DAY), released_at=None)
    before = found(campaign, "notice")[0].key
    again = found(campaign, "notice")[0].key
    campaign.window.starts_at -= DAY

    assert before == again
    assert found(campaign, "notice")[0].key != before
