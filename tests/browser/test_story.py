"""What a newcomer does in the first minutes; every test looks at the same running demo."""

import re
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from .conftest import AGENT, CheckAccess, Demo

PARIS = ZoneInfo("Europe/Paris")
A_MOMENT = 15_000
SENDING_TAKES = 120_000
ALL_SENT = re.compile(
    r"Sent\s.*?([\d,]+) of ([\d,]+)\s+· 16 left out", re.DOTALL
)  # four mailboxes are gone, twelve people have no address


def test_signing_in_leads_to_what_runs_now(page: Page, demo: Demo, accessible: CheckAccess) -> None:
    page.goto(f"{demo.site}/admin/")
    expect(page.get_by_role("button", name="Log out")).to_be_visible()
    accessible(page)


def test_the_login_page_is_accessible(browser: Browser, demo: Demo, accessible: CheckAccess) -> None:
    context = browser.new_context(user_agent=AGENT)
    page = context.new_page()
    page.goto(f"{demo.site}/admin/login/")
    accessible(page)
    context.close()


def test_a_window_shows_its_plan_before_it_is_saved_and_is_announced_at_once(
    page: Page, demo: Demo, accessible: CheckAccess
) -> None:
    start = (datetime.now(PARIS) + timedelta(minutes=75)).replace(second=0, microsecond=0)
    page.goto(f"{demo.site}/admin/windows/maintenancewindow/add/")
    page.get_by_label("Title", exact=True).fill("Certificates are renewed")
    page.get_by_label("Checkout").check()
    page.get_by_label("Start date").fill(start.date().isoformat())
    page.get_by_label("Start time").fill(start.strftime("%H:%M"))
    page.get_by_label("Duration").fill("3 h")
    plan = page.get_by_role("region", name="The plan", exact=True)
    expect(plan.get_by_role("row").filter(has_text="−1 h")).to_be_visible(timeout=A_MOMENT)
    expect(plan).to_contain_text("the first leaves as soon as it is scheduled")
    accessible(page)
    page.get_by_role("button", name=re.compile("^Schedule")).click()
    accessible(page)
    for warning in page.get_by_role("main").get_by_role("checkbox").all():  # 75 minutes are short notice
        warning.check()
    page.get_by_role("button", name=re.compile(r"^Schedule \d")).click()
    expect(page.get_by_text(re.compile(r"It is scheduled: [\d,]+ messages leave by themselves"))).to_be_visible()
    accessible(page)
    page.get_by_role("link", name="Live view").click()
    expect_all_sent(touchpoint(page, "Announcement", "Customers"))


def test_the_compressed_campaign_sends_while_one_watches(page: Page, demo: Demo, accessible: CheckAccess) -> None:
    page.goto(demo.watch)
    expect(page.get_by_role("heading", name=demo.title)).to_be_visible()
    accessible(page)
    expect_all_sent(touchpoint(page, "Announcement", "Customers"))
    expect_all_sent(touchpoint(page, "−2 min", "Customers"))


def test_a_message_read_in_the_mailbox_is_an_open_on_the_dashboard(page: Page, demo: Demo, accessible: CheckAccess) -> None:
    review = demo.watch.replace("/live/", "/review/")
    page.goto(review)
    before = opened_by_people(page)
    accessible(page)

    address = f"{demo.mailbox}/?q={demo.title}"
    message = page.get_by_role("row").nth(1).get_by_role("link")
    reload_until(page, address, lambda: message.is_visible())
    accessible(page)
    page.goto(review)
    assert opened_by_people(page) == before  # a list opens nothing

    page.goto(address)
    page.wait_for_timeout(2_000)  # within a second of its arrival no person opens a message
    with page.expect_response(re.compile(r"/o/.+\.gif")) as pixel:
        message.click()
    assert pixel.value.status == 200
    accessible(page)
    reload_until(page, review, lambda: opened_by_people(page) == before + 1)


def test_the_other_views_of_a_message_load_nothing(page: Page, demo: Demo, accessible: CheckAccess) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    newest = page.get_by_role("row").nth(1).get_by_role("link")
    reload_until(page, demo.mailbox, lambda: newest.is_visible())
    page.goto(f"{demo.mailbox}{newest.get_attribute('href')}?view=source")
    for name in ("Headers", "Plain text"):
        page.get_by_role("link", name=name).click()
        expect(page.get_by_role("link", name=name)).to_have_attribute("aria-current", "page")
        accessible(page)
    assert all(address.startswith(demo.mailbox) for address in asked)


def test_the_finished_window_has_its_review(page: Page, demo: Demo, accessible: CheckAccess) -> None:
    page.goto(f"{demo.site}/admin/windows/maintenancewindow/")
    accessible(page)
    page.get_by_role("link", name="Database upgrade of the shop").click()
    accessible(page)
    page.get_by_role("link", name="See the review").click()
    expect(page.get_by_role("heading", name="Support")).to_be_visible()
    accessible(page)


@pytest.mark.parametrize(
    "path", ["dashboard/", "campaigns/playbook/", "audiences/contact/", "audiences/segment/", "channels/channel/"]
)
def test_the_other_pages_are_clean(page: Page, demo: Demo, accessible: CheckAccess, path: str) -> None:
    page.goto(f"{demo.site}/admin/{path}")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    accessible(page)


def test_the_calendar_address_answers_with_the_windows(page: Page, demo: Demo) -> None:
    calendar = page.request.get(demo.feed)
    assert calendar.ok
    assert calendar.text().count("BEGIN:VEVENT") >= 4


def reload_until(page: Page, address: str, happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SENDING_TAKES / 1000
    page.goto(address)
    while not happened():
        assert time.monotonic() < deadline, f"It has not happened on {address}"
        page.wait_for_timeout(500)
        page.reload()


def touchpoint(page: Page, moment: str, segment: str) -> Locator:
    rows = page.get_by_role("table").get_by_role("row")
    return rows.filter(has=page.get_by_role("rowheader", name=moment)).filter(has_text=segment).first


def expect_all_sent(row: Locator) -> None:
    """However many people other tests brought in before."""
    expect(row).to_contain_text(ALL_SENT, timeout=SENDING_TAKES)
    found = ALL_SENT.search(row.inner_text())
    assert found
    sent, total = (int(number.replace(",", "")) for number in found.groups())
    assert sent + 16 == total >= 476


def opened_by_people(page: Page) -> int:
    row = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name="Opened by people", exact=True))
    return int(re.sub(r"\D", "", row.first.get_by_role("cell").first.inner_text()) or 0)
