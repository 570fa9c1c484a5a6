"""What a planner does while the work runs: looks for one message, edits the coming update and sends it, holds the rest."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from .conftest import AGENT, CheckAccess, Demo
from .finding import open_planned

A_MOMENT = 15_000
SENDING_TAKES = 120_000
LOOKS = [(1440, "light"), (390, "dark"), (1440, "dark"), (390, "light")]


@pytest.fixture(params=LOOKS, ids=lambda look: f"{look[0]} {look[1]}")
def look(request: pytest.FixtureRequest, browser: Browser, signed_in: Path) -> Iterator[Page]:
    """A page in each width and scheme."""
    width, scheme = request.param
    context = browser.new_context(
        user_agent=AGENT,
        locale="en-GB",
        storage_state=signed_in,
        viewport={"width": width, "height": 900},
        color_scheme=scheme,
        reduced_motion="reduce",
    )
    yield context.new_page()
    context.close()


def campaign_of(page: Page, demo: Demo, title: str) -> str:
    """The address of its log, found as a planner finds it."""
    page.goto(f"{demo.site}/admin/windows/maintenancewindow/")
    page.get_by_role("link", name=title).click()
    page.get_by_role("link", name=re.compile("Live view|See the review")).click()
    return page.get_by_role("link", name="Delivery log").get_attribute("href") or ""


def live_of(page: Page, demo: Demo) -> str:
    return demo.site + campaign_of(page, demo, "Network maintenance").replace("/log/", "/live/")


def test_a_message_is_found_and_read_with_the_keyboard_alone(page: Page, demo: Demo) -> None:
    page.goto(demo.site + campaign_of(page, demo, "Database upgrade of the shop"))
    page.get_by_label("Find a person or a message").focus()
    page.keyboard.type("hannah brown")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Failed").focus()
    page.keyboard.press("Enter")
    row = page.get_by_role("row").filter(has_text="Hannah Brown").first
    expect(row).to_contain_text("The provider says that the address does not exist.")
    row.get_by_role("link").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("What now?")).to_be_visible()
    expect(page.get_by_text("There is no such mailbox here")).to_be_visible()
    frame = page.frame_locator("iframe")
    expect(frame.get_by_text("Hello Hannah Brown")).to_be_visible(timeout=A_MOMENT)


def test_log_and_message_are_accessible_and_fit_every_screen(look: Page, demo: Demo, accessible: CheckAccess) -> None:
    log = demo.site + campaign_of(look, demo, "Database upgrade of the shop")
    look.goto(log)
    accessible(look)
    assert fits(look)
    look.get_by_role("table").get_by_role("link").first.click()
    accessible(look)
    assert fits(look)


def test_pages_of_a_running_window_are_accessible_and_fit_every_screen(look: Page, demo: Demo, accessible: CheckAccess) -> None:
    live = live_of(look, demo)
    number = re.findall(r"/(\d+)/live/", live)[0]
    for path in (live, f"{demo.site}/sending/updates/{number}/", f"{demo.site}/sending/updates/{number}/pause/"):
        look.goto(path)
        expect(look.get_by_role("heading", level=1)).to_be_visible()
        accessible(look)
        assert fits(look)


def test_updates_are_held_and_let_go_and_the_next_is_edited_and_sent_at_once_with_the_keyboard(page: Page, demo: Demo) -> None:
    page.goto(live_of(page, demo))
    page.get_by_role("link", name=re.compile(r"^Hold \d")).click()
    page.get_by_label("Reason").fill("It is not clear yet what to say")
    page.get_by_role("button", name=re.compile(r"^Hold \d")).click()
    expect(page.get_by_text("It is not clear yet what to say").first).to_be_visible()
    page.get_by_role("link", name="Let the updates go on").click()
    page.get_by_role("button", name="Resume sending").click()
    expect(page.get_by_text("Sending goes on.")).to_be_visible()

    page.get_by_role("link", name="Edit or send the next update").focus()
    page.keyboard.press("Enter")
    page.get_by_role("group", name="English").get_by_label("Text").focus()
    page.keyboard.press("Control+A")
    page.keyboard.type("The first of two routers is replaced.")
    page.get_by_role("button", name=re.compile(r"^Save and send now: \d")).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text(re.compile(r"The update leaves now: [\d,]+ messages"))).to_be_visible()
    sent = page.get_by_role("row").filter(has_text="Update 1").filter(has_text="Customers")
    expect(sent).to_contain_text(re.compile(r"Sent\s"), timeout=SENDING_TAKES)


def test_extending_by_an_hour_says_first_whom_it_corrects(page: Page, demo: Demo) -> None:
    page.goto(live_of(page, demo))
    page.get_by_role("link", name="Campaign", exact=True).click()
    page.get_by_role("link", name="Extend").click()
    table = page.get_by_role("table", name="Every touchpoint of the plan, before and afterwards")
    false = table.get_by_role("row").filter(has_text="Sent, no longer true").filter(has_text="At the start")
    expect(false).to_contain_text(re.compile(r"→ correction to [\d,]+ people"))
    expect(table.get_by_role("row").filter(has_text="On completion").first).to_contain_text("waits as before")
    expect(page.get_by_role("button", name=re.compile(r"Move the end: [\d,]+ messages leave at once"))).to_be_visible()


def test_holding_extending_and_cancelling_speak_with_one_table_on_every_screen(
    look: Page, demo: Demo, accessible: CheckAccess
) -> None:
    running = re.findall(r"/(\d+)/live/", live_of(look, demo))[0]
    window = demo.site + (look.get_by_role("link", name="Campaign", exact=True).get_attribute("href") or "")
    open_planned(look, demo)
    planned = look.url
    for path in (f"{demo.site}/sending/updates/{running}/pause/", _deed(window, "extend"), _deed(planned, "cancel")):
        look.goto(path)
        table = look.get_by_role("table", name="Every touchpoint of the plan, before and afterwards")
        expect(table).to_contain_text(re.compile("Held|New|Dropped"))
        accessible(look)
        assert fits(look)


def _deed(window: str, verb: str) -> str:
    return window.replace("/change/", f"/do/{verb}/")


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth + 1"))
