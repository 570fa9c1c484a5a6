"""A planner rehearses a campaign of the demo, and reads what reached her in the mailbox."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from .conftest import AGENT, CheckAccess, Demo
from .finding import open_planned

SENDING_TAKES = 90_000
SIZES = [(1440, "light"), (1440, "dark"), (390, "light"), (390, "dark")]


@pytest.fixture
def form(page: Page, demo: Demo) -> Page:
    """The page on which a rehearsal begins; one that another test has left running is stopped first."""
    open_planned(page, demo)
    page.get_by_role("link", name="Rehearse the campaign").click()
    expect(page.get_by_role("heading", name="Rehearse the campaign")).to_be_visible()
    if page.get_by_role("button", name="Rehearse now").is_disabled():
        page.get_by_role("link", name="See how far it has come").click()
        page.get_by_role("button", name="Stop the rehearsal").click()
        page.get_by_role("link", name="Rehearse again").click()
    return page


def test_the_whole_plan_arrives_marked_in_the_planners_own_mailbox(form: Page, demo: Demo, accessible: CheckAccess) -> None:
    accessible(form)
    form.get_by_label("At once").check()
    form.get_by_label("In every language").check()
    form.get_by_role("button", name="Rehearse now").click()
    expect(form.locator("#standing")).to_contain_text("34 of 34 messages have been accepted. It ended", timeout=SENDING_TAKES)
    accessible(form)
    form.get_by_role("link", name="Preview", exact=False).first.click()
    expect(form.get_by_role("heading", name="Preview of the messages")).to_be_visible()

    form.goto(f"{demo.mailbox}/?q=REHEARSAL")
    expect(form.get_by_role("row").nth(1)).to_contain_text("ana@acme.example")
    form.get_by_role("row").nth(1).get_by_role("link").click()
    message = form.frame_locator("iframe")
    expect(message.get_by_text("This is a rehearsal. It came to you alone, and counts nowhere.")).to_be_visible()
    expect(message.get_by_text(re.compile(r"To [\d,]+ people of “"))).to_be_visible()


def test_it_is_begun_and_stopped_by_the_keyboard_alone(form: Page) -> None:
    form.get_by_label("One minute").focus()
    form.keyboard.press("ArrowDown")
    form.keyboard.press("ArrowDown")
    expect(form.get_by_label("Fifteen minutes")).to_be_checked()
    form.keyboard.press("Enter")
    stop = form.get_by_role("button", name="Stop the rehearsal")
    expect(stop).to_be_visible()
    first_left = re.compile(r"^\s*[1-9]\d* of 17 messages")
    expect(form.locator("#standing")).to_contain_text(first_left, timeout=SENDING_TAKES)  # by itself
    stop.focus()
    form.keyboard.press("Enter")
    expect(form.get_by_text("nothing more of it is begun")).to_be_visible()
    expect(form.get_by_text("Stopped").first).to_be_visible()


@pytest.mark.parametrize(("width", "scheme"), SIZES)
def test_its_pages_fit_and_can_be_read(form: Page, accessible: CheckAccess, width: int, scheme: str) -> None:
    form.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    form.set_viewport_size({"width": width, "height": 900})
    accessible(form)
    assert _overflow(form) == 0
    form.get_by_label("At once").check()
    form.get_by_role("button", name="Rehearse now").click()
    expect(form.locator("#standing")).to_contain_text("It ended on", timeout=SENDING_TAKES)
    accessible(form)
    assert _overflow(form) == 0


def test_a_link_of_a_rehearsed_message_says_what_it_was(browser: Browser, demo: Demo, accessible: CheckAccess) -> None:
    context = browser.new_context(user_agent=AGENT)
    page = context.new_page()
    page.goto(f"{demo.site}/rehearsal/unsubscribe/?lang=en")
    expect(page.get_by_role("heading", name="This was a rehearsal")).to_be_visible()
    accessible(page)
    context.close()


def _overflow(page: Page) -> int:
    """By how many pixels the page is wider than its window."""
    width: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return width
