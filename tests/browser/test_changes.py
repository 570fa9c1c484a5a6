"""Two planners at one form, what was done to an object, and edits that are not lost by a slip, as people meet them."""

from contextlib import closing

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from .conftest import AGENT, CheckAccess, Demo

WIDTHS = (1440, 390)


@pytest.fixture
def service(page: Page, demo: Demo) -> str:
    """The page of a service that this test may change."""
    page.goto(f"{demo.site}/admin/windows/service/?q=Search")
    page.locator("#result_list").get_by_role("link", name="Search", exact=True).click()
    return page.url


def saved_by_clara(browser: Browser, demo: Demo, url: str, words: str) -> None:
    with closing(browser.new_context(user_agent=AGENT, locale="en-GB", timezone_id="Europe/Paris")) as context:
        page = context.new_page()
        page.goto(f"{demo.site}/admin/")
        page.get_by_label("Username").fill("clara")
        page.get_by_label("Password").fill(demo.password)
        page.get_by_role("button", name="Log in").click()
        page.locator("#logout-form").wait_for()  # she reads French
        page.goto(url)
        page.locator("#id_description").fill(words)
        page.locator("input[name=_save]").click()
        page.locator(".messagelist .success").wait_for()


def test_a_planner_decides_what_holds_when_a_colleague_was_quicker(
    page: Page, browser: Browser, demo: Demo, service: str, accessible: CheckAccess
) -> None:
    page.get_by_label("Description").fill("What Ana typed")
    saved_by_clara(browser, demo, service, "What Clara saved")
    page.get_by_role("button", name="Save", exact=True).press("Enter")
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("Clara")
    expect(alert.get_by_role("row", name="Description What Clara saved What Ana typed")).to_be_visible()
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            accessible(page)
    alert.get_by_role("button", name="Save mine all the same").press("Enter")
    page.get_by_text("was changed successfully").wait_for()
    page.goto(service)
    expect(page.get_by_label("Description")).to_have_value("What Ana typed")


def test_the_history_tells_who_changed_what(page: Page, demo: Demo, service: str, accessible: CheckAccess) -> None:
    page.get_by_label("Description").fill("Finding things")
    page.get_by_role("button", name="Save and continue editing").click()
    page.get_by_role("link", name="All of its history").press("Enter")
    newest = page.locator(".trail > li").first
    expect(newest).to_contain_text("changed “Search”.")
    expect(newest).to_contain_text("Paris time")
    expect(newest.locator("ins")).to_contain_text("Finding things")
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            accessible(page)


def test_an_edit_is_not_lost_by_a_slip_and_one_taken_back_is_none(page: Page, demo: Demo, service: str) -> None:
    asked: list[str] = []

    def stay(dialog: object) -> None:
        asked.append(dialog.type)  # type: ignore[attr-defined]
        dialog.dismiss()  # type: ignore[attr-defined]

    page.on("dialog", stay)
    field = page.get_by_label("Description")
    before = field.input_value()
    field.press_sequentially(" and more")
    page.evaluate("window.location.assign('/admin/')")
    page.wait_for_timeout(300)
    assert (asked, page.url) == (["beforeunload"], service)
    field.fill(before)
    page.goto(f"{demo.site}/admin/")
    assert asked == ["beforeunload"]


def test_the_trail_is_filtered_by_a_period(context: BrowserContext, page: Page, demo: Demo, accessible: CheckAccess) -> None:
    page.goto(f"{demo.site}/admin/accounts/auditevent/")
    expect(page.locator("#result_list tbody tr").first).to_be_visible()
    page.get_by_label("To", exact=True).fill("2020-01-01")
    page.get_by_role("button", name="Show this period").press("Enter")
    expect(page.locator("#result_list tbody tr")).to_have_count(0)
    page.get_by_role("link", name="Any time").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Take along as CSV").click()
    assert download.value.suggested_filename == "trail.csv"
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        accessible(page)


def test_archiving_says_what_it_leads_to(page: Page, demo: Demo, service: str, accessible: CheckAccess) -> None:
    page.get_by_role("link", name="Archive", exact=True).press("Enter")
    expect(page.locator("main")).to_contain_text("It is offered where one is to be chosen no longer.")
    accessible(page)
    page.get_by_role("button", name="Archive").click()
    page.get_by_role("link", name="Bring back into use").click()
    page.get_by_role("button", name="Bring back into use").click()
    expect(page.get_by_role("link", name="Archive", exact=True)).to_be_visible()
