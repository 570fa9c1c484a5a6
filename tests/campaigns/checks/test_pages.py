"""What the checks find, where planners see it: beside its cause in the form, and as a panel on the page of a window."""

import pytest

from apps.campaigns.checks.rules import Code
from apps.windows.models import Blackout
from tests.campaigns.admin_pages import INLINE, LIST, drafted, filled_in, make_plan, page_of, released, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def real_mail(settings):
    settings.EMAIL_BACKEND = "apps.channels.smtp.PhasedSMTPBackend"


def beside(page, slot):
    """What stands beside a field of the form, without script."""
    return page.split(f'data-advice="{slot}"')[1].split("</div>")[0]


def test_findings_stand_beside_the_field_that_causes_them():
    values = filled_in(make_plan(), translation_title="", announced_date="", effect="A small hiccup.") | {"_plan": "1"}
    page = signed_in().post(LIST + "add/", values).content.decode()

    assert "reads French" in beside(page, "translation")
    assert "“small hiccup”" in beside(page, "texts")
    assert "The window does not say why" in beside(page, "texts")
    assert "hiccup" not in beside(page, "start")


def test_each_finding_is_told_once_on_the_page_of_a_draft():
    client = signed_in()
    page = client.get(page_of(drafted(client))).content.decode()

    assert page.count("The window does not say why the work is needed.") == 1
    assert page.index('id="checks"') < page.index('id="touchpoints"')


def test_page_counts_what_to_mend_and_what_to_confirm():
    client = signed_in()
    campaign = drafted(client)
    day = campaign.window.starts_at.date()
    Blackout.objects.create(name="Freeze", first_date=day, last_date=day, time_zone="UTC", is_strict=True)

    page = client.get(page_of(campaign)).content.decode()

    assert "1 to mend" in page
    assert "to confirm" in page
    assert "“Freeze”" in page
    assert INLINE.search(page) is None


def test_page_names_what_was_checked():
    client = signed_in()
    page = client.get(page_of(drafted(client))).content.decode()

    assert f"What was checked ({len(Code)} rules)" in page
    assert "no other window touches the same services" in page


def test_released_window_is_still_checked_and_one_that_is_over_is_not():
    client = signed_in()
    campaign = released(client)
    assert 'id="checks"' in client.get(page_of(campaign)).content.decode()

    type(campaign.window).objects.update(status="cancelled")

    assert 'id="checks"' not in client.get(page_of(campaign)).content.decode()
