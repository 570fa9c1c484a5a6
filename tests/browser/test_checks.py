"""The checks as a planner meets them: beside the field that causes them, on the page of the draft, and a free time instead."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from playwright.sync_api import Locator, Page, expect

from .conftest import CheckAccess, Demo

WIDTHS = (1440, 390)
FREE = re.compile("02:00–06:00")


@pytest.fixture
def christmas() -> date:
    """The next one that leaves the notice of an outage."""
    soon = datetime.now(UTC).date() + timedelta(days=30)
    this_year = date(soon.year, 12, 25)
    return this_year if this_year >= soon else date(soon.year + 1, 12, 25)


def beside(page: Page, slot: str) -> Locator:
    return page.locator(f"[data-advice={slot}]")


def open_form(page: Page, demo: Demo, day: date, title: str) -> None:
    page.goto(f"{demo.site}/admin/windows/maintenancewindow/add/")
    page.get_by_role("textbox", name="Title", exact=True).fill(title)
    page.get_by_role("checkbox", name="Checkout").check()
    page.get_by_label("Start date").fill(f"{day}")
    page.get_by_label("Start time").fill("02:00")
    page.get_by_label("Duration").fill("4 h")


def test_findings_come_and_go_beside_their_fields(page: Page, demo: Demo, christmas: date, accessible: CheckAccess) -> None:
    open_form(page, demo, christmas, "Small technical hiccup")
    expect(beside(page, "start")).to_contain_text("is a public holiday (Christmas Day, FR)")
    expect(beside(page, "texts")).to_contain_text("“Small technical hiccup”. Do not play down")
    accessible(page)

    page.get_by_role("textbox", name="Title", exact=True).fill("Database upgrade")
    page.get_by_label("Start date").fill(f"{christmas + timedelta(days=14)}")

    expect(beside(page, "texts")).not_to_contain_text("play down")
    expect(beside(page, "start")).not_to_contain_text("public holiday")


def test_free_time_is_found_and_taken_by_keyboard(page: Page, demo: Demo, christmas: date) -> None:
    open_form(page, demo, christmas, "Database upgrade")
    page.get_by_role("button", name="Find the next free time").focus()
    page.keyboard.press("Enter")
    first = page.get_by_role("button", name=FREE).first
    expect(first).to_be_visible()
    page.get_by_role("button", name="Find the next free time").focus()
    page.keyboard.press("Tab")
    expect(first).to_be_focused()
    page.keyboard.press("Enter")

    expect(page.get_by_label("Start date")).not_to_have_value(f"{christmas}")
    expect(page.get_by_label("Start time")).to_have_value("02:00")
    expect(page.get_by_role("textbox", name="Title", exact=True)).to_have_value("Database upgrade")
    expect(beside(page, "start")).not_to_contain_text("public holiday")


def test_enter_in_a_field_still_leads_to_the_review(page: Page, demo: Demo, christmas: date) -> None:
    open_form(page, demo, christmas, "Database upgrade")
    page.get_by_role("textbox", name="Title", exact=True).press("Enter")

    expect(page.get_by_role("heading", name="What was found")).to_be_visible()


def test_panel_of_a_draft_leads_to_what_is_to_be_mended(page: Page, demo: Demo, christmas: date, accessible: CheckAccess) -> None:
    open_form(page, demo, christmas, "Small technical hiccup")
    page.get_by_role("button", name="Save as draft").click()
    panel = page.get_by_role("region", name="Checks")
    expect(panel.get_by_text(re.compile(r"\d+ to confirm"))).to_be_visible()
    panel.get_by_text("What was checked").click()
    expect(panel.get_by_text("it falls on no public holiday")).to_be_visible()
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    panel.get_by_role("link", name=re.compile("does not say why")).click()

    expect(page.get_by_role("heading", name=re.compile("texts", re.IGNORECASE)).first).to_be_visible()
    expect(page.get_by_label("Reason").first).to_be_visible()


def test_blackout_is_entered_and_stops(page: Page, demo: Demo, christmas: date, accessible: CheckAccess) -> None:
    day = christmas + timedelta(days=18)
    page.goto(f"{demo.site}/admin/windows/blackout/add/")
    page.get_by_label("Name").fill("Stocktaking")
    page.get_by_label("First day").fill(f"{day}")
    page.get_by_label("Last day").fill(f"{day}")
    page.get_by_label("Strict").check()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("row").filter(has_text="Stocktaking")).to_contain_text("All")
    accessible(page)

    open_form(page, demo, day, "Database upgrade")

    expect(beside(page, "start").locator(".notice.bad")).to_contain_text("“Stocktaking”")
