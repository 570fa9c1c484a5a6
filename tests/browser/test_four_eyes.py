"""Four eyes: Clara plans and asks, Ben looks and approves; what is edited afterwards Erin approves anew, and schedules."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from .conftest import AGENT, CheckAccess
from .running import Demo

WIDTHS = (1440, 390)
SCHEDULE = re.compile(r"^Schedule [\d,]+ messages$")


def signed_in(browser: Browser, demo: Demo, user: str) -> Page:
    context = browser.new_context(user_agent=AGENT, locale="en-GB", timezone_id="Europe/Paris", reduced_motion="reduce")
    page = context.new_page()
    page.goto(f"{demo.site}/admin/accounts/user/preferences/")
    page.get_by_label("Username").fill(user)
    page.get_by_label("Password").fill(demo.password)
    page.keyboard.press("Enter")
    page.locator("select[name=language]").select_option("en")
    page.locator("#content [type=submit]").click()
    page.get_by_text("Your language and time zone were saved.").wait_for()
    return page


@pytest.fixture
def clara(browser: Browser, demo: Demo) -> Iterator[Page]:
    page = signed_in(browser, demo, "clara")
    yield page
    page.context.close()


@pytest.fixture
def ben(browser: Browser, demo: Demo) -> Iterator[Page]:
    page = signed_in(browser, demo, "ben")
    yield page
    page.context.close()


@pytest.fixture
def erin(browser: Browser, demo: Demo) -> Iterator[Page]:
    page = signed_in(browser, demo, "erin")
    yield page
    page.context.close()


def everywhere(page: Page, accessible: CheckAccess) -> None:
    """In light and dark, on a desk and in a hand; nothing stands out of the page."""
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.set_viewport_size({"width": 1440, "height": 900})
    page.emulate_media(color_scheme="light")


def draft(page: Page, demo: Demo, title: str) -> str:
    """The address of the page of a window that Clara has drafted."""
    page.goto(f"{demo.site}/admin/windows/maintenancewindow/add/")
    page.get_by_role("textbox", name="Title", exact=True).fill(title)
    page.get_by_role("checkbox", name="Checkout").check()
    page.get_by_label("Start date").fill(f"{datetime.now(UTC).date() + timedelta(days=20)}")
    page.get_by_label("Start time").fill("23:00")
    page.get_by_label("Duration").fill("2 h")
    page.locator("button[name=_draft]").click()
    page.get_by_role("heading", name=title, exact=True).wait_for()
    return page.url


def press(page: Page, name: str | re.Pattern[str]) -> None:
    """By keyboard alone."""
    page.get_by_role("button", name=name).focus()
    page.keyboard.press("Enter")


def ask(page: Page, approver: str, *, note: str) -> None:
    page.get_by_label("Approver").select_option(label=approver)
    page.get_by_label("Note").fill(note)
    press(page, "Ask for approval")
    expect(page.get_by_text(f"{approver} is asked to approve it.")).to_be_visible()


def tick_all(page: Page) -> int:
    """Every warning, by keyboard; how many there were."""
    boxes = page.get_by_role("main").get_by_role("checkbox").all()
    for box in boxes:
        box.focus()
        page.keyboard.press("Space")
        expect(box).to_be_checked()
    return len(boxes)


def test_a_second_person_approves_an_edit_takes_it_away_and_the_next_approves_and_schedules(
    clara: Page, ben: Page, erin: Page, demo: Demo, accessible: CheckAccess
) -> None:
    title = "Move of the order database"
    window = draft(clara, demo, title)
    approval = window.replace("/change/", "/approval/")

    clara.goto(approval)
    press(clara, "Require an approval for this window")
    clara.get_by_role("link", name="Review and schedule").click()
    expect(clara.get_by_text("It needs the approval of a second person before it is scheduled.")).to_be_visible()
    expect(clara.get_by_role("button", name=re.compile("^Schedule"))).to_have_count(0)
    everywhere(clara, accessible)
    clara.locator(".submit-row").get_by_role("link", name="Ask for approval").click()
    ask(clara, "Ben Okafor", note="Mind the French, please.")

    ben.goto(f"{demo.site}/admin/")
    ben.get_by_role("link", name=f"Clara Moreau asks you to approve “{title}”.").click()
    expect(ben.get_by_text("Mind the French, please.").first).to_be_visible()
    everywhere(ben, accessible)
    press(ben, "Approve")
    expect(ben.get_by_text("You approved it as it stands.")).to_be_visible()

    says_what_an_edit_of_the_plan_costs(clara, window, accessible)
    clara.goto(window.replace("/change/", "/texts/"))
    clara.get_by_label("Reason").first.fill("The disks are full.")
    clara.get_by_role("button", name="Save the texts").click()
    expect(clara.get_by_text("The approval by Ben Okafor no longer holds: it was edited since.")).to_be_visible()
    clara.goto(approval)
    expect(clara.get_by_text(re.compile("The texts of the window in .+: edited by Clara Moreau"))).to_be_visible()
    everywhere(clara, accessible)

    ask(clara, "Erin Walsh", note="The reason is new.")
    erin.goto(f"{demo.site}/admin/")
    erin.get_by_role("link", name=f"Clara Moreau asks you to approve “{title}”.").click()
    press(erin, "Approve")
    erin.get_by_role("link", name="Review and schedule").click()
    expect(erin.get_by_text("Erin Walsh approved it as it stands.")).to_be_visible()
    press(erin, SCHEDULE)
    expect(erin.get_by_role("alert")).to_contain_text(re.compile(r"\d+ warnings? ha(s|ve) not been ticked\."))
    everywhere(erin, accessible)
    assert tick_all(erin) > 0
    number = erin.get_by_role("button", name=SCHEDULE).inner_text().split()[1]
    press(erin, SCHEDULE)
    expect(erin.get_by_text(f"It is scheduled: {number} messages leave by themselves from here on.")).to_be_visible()


def says_what_an_edit_of_the_plan_costs(clara: Page, window: str, accessible: CheckAccess) -> None:
    """Before it is saved, by mouse and by keyboard; she leaves it."""
    clara.goto(window.replace("/change/", "/matrix/"))
    reminder = clara.get_by_role("checkbox", name="−7 d before the start, Customers, E-mail")
    words = re.compile(r"Saving takes away the approval by Ben Okafor \(.+\): it has to be approved anew")
    warning = clara.get_by_role("strong").filter(has_text=words)
    expect(warning).to_have_count(0)
    reminder.uncheck()
    expect(warning).to_be_visible()
    everywhere(clara, accessible)
    clara.keyboard.press("Control+z")
    expect(warning).to_have_count(0)
    reminder.focus()
    clara.keyboard.press("Space")
    expect(warning).to_be_visible()
    clara.keyboard.press("Control+z")
    expect(warning).to_have_count(0)


def test_parts_are_named_by_keyboard(clara: Page, demo: Demo, accessible: CheckAccess) -> None:
    window = draft(clara, demo, "Change of the mail relay")
    clara.goto(window.replace("/change/", "/people/"))
    everywhere(clara, accessible)
    box = clara.get_by_role("group", name="Informed").get_by_role("checkbox", name="Dan Lindqvist")
    box.focus()
    clara.keyboard.press("Space")
    clara.get_by_label("Accountable").select_option(label="Erin Walsh")
    press(clara, "Keep these parts")
    people = clara.locator("section[aria-labelledby=people]")
    expect(people).to_contain_text("Dan Lindqvist")
    expect(people).to_contain_text("Erin Walsh")
