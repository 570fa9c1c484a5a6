"""Calendars read by ical.js, the reader of Thunderbird and Nextcloud, and the page from which people subscribe."""

import urllib.request
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from icalendar import Calendar
from playwright.sync_api import Page, expect

from tests.windows.calendar_examples import Read, calendar_of, expected, windows

from .conftest import CheckAccess, Demo

ICAL_JS = Path(__file__).parent / "vendor" / "ical-2.2.1.min.js"
READ = """text => {
    const calendar = new ICAL.Component(ICAL.parse(text));
    return calendar.getAllSubcomponents("vevent").map(component => {
        const event = new ICAL.Event(component);
        return {
            uid: event.uid,
            starts_at: event.startDate.toJSDate().getTime(),
            ends_at: event.endDate.toJSDate().getTime(),
            summary: event.summary,
            sequence: event.sequence,
            status: component.getFirstPropertyValue("status"),
            reminders: component.getAllSubcomponents("valarm").length,
        };
    });
}"""


@pytest.fixture
def ical_js(browser):
    page = browser.new_page()
    page.add_script_tag(path=ICAL_JS)
    yield lambda body: [_read(found) for found in page.evaluate(READ, body.decode())]
    page.close()


def _read(found):
    starts_at, ends_at = (datetime.fromtimestamp(found.pop(name) / 1000, UTC) for name in ("starts_at", "ends_at"))
    return Read(starts_at=starts_at, ends_at=ends_at, **found)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(windows(), min_size=1, max_size=4, unique_by=lambda window: window.uid))
def test_ical_js_finds_each_window_as_it_is(ical_js, rows):
    assert ical_js(calendar_of(rows)) == [expected(row) for row in rows]


def test_ical_js_reads_the_feed_of_the_demo(demo: Demo, ical_js):
    with urllib.request.urlopen(demo.feed) as answer:
        body = answer.read()
    events = Calendar.from_ical(body).walk("VEVENT")
    assert events
    assert [entry.uid for entry in ical_js(body)] == [str(event["UID"]) for event in events]


def test_subscriber_sees_the_steps_and_chooses_reminders(demo: Demo, page: Page, accessible: CheckAccess):
    page.goto(demo.feed.replace("/feeds/", "/subscribe/").removesuffix(".ics"))
    expect(page.get_by_role("link", name="Open in the calendar program")).to_have_attribute(
        "href", demo.feed.replace("http://", "webcal://")
    )
    page.get_by_text("Google Calendar", exact=True).click()
    expect(page.get_by_text("publicly accessible")).to_be_visible()
    accessible(page)
    page.get_by_label("1 hour before the start").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_label("1 hour before the start")).to_be_checked()
