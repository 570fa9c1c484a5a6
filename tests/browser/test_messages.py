"""Texts, brand and previews as a planner uses them: typing, clicking and by keyboard, in both themes and on a phone."""

import pytest

WIDTHS = [1440, 390]
BRAND = "/admin/campaigns/brand/"
MATRIX = "/admin/campaigns/messagetemplate/matrix/"
NEW_TEXT = "/admin/campaigns/messagetemplate/add/"


def preview_address(page, demo):
    """That of the running window's messages."""
    return f"{demo.site}/admin/windows/maintenancewindow/{demo.watch.rstrip('/').split('/')[-2]}/preview/"


@pytest.fixture
def preview(page, demo):
    page.goto(preview_address(page, demo))
    return page


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_pages_of_messages_are_accessible(page, demo, accessible, theme, width):
    page.emulate_media(color_scheme=theme)
    page.set_viewport_size({"width": width, "height": 900})
    for address in (demo.site + BRAND, demo.site + MATRIX, preview_address(page, demo)):
        page.goto(address)
        accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), address


def test_brand_is_seen_while_it_is_chosen(page, demo):
    page.goto(demo.site + BRAND)
    page.get_by_label("Name", exact=False).first.fill("Lima & Sons")
    page.frame_locator("iframe[name=look]").get_by_text("Lima & Sons").wait_for()
    page.get_by_role("button", name="Show in dark").press("Enter")
    body = page.frame_locator("iframe[name=look]").locator("body")
    body.get_by_text("Lima & Sons").wait_for()
    assert body.evaluate("body => getComputedStyle(body).backgroundColor") == "rgb(17, 23, 30)"


def test_mistake_is_marked_at_its_line_and_a_variable_goes_to_the_caret(page, demo):
    page.goto(demo.site + NEW_TEXT)
    body = page.locator("textarea[name=body]")
    body.fill("First\n{{ window.titel }}")
    problem = page.locator(".source-problems").get_by_role("button", name="Is “window.title” meant?")
    problem.wait_for()
    assert page.locator(".source-lines > .bad-line").inner_text() == "{{ window.titel }}"
    problem.press("Enter")  # selects the line
    page.get_by_role("button", name="{{ window.title }}", exact=True).press("Enter")
    assert body.input_value() == "First\n{{ window.title }}"
    problem.wait_for(state="detached")
    page.frame_locator("iframe[name=template-preview]").get_by_role("paragraph").filter(has_text="First").wait_for()


@pytest.mark.parametrize("width", [1440, 820, 390])
def test_all_of_a_long_text_can_be_reached(page, demo, width):
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(demo.site + NEW_TEXT)
    body = page.locator("textarea[name=body]")
    body.fill("A line of many.\n" * 60)
    page.wait_for_function("document.querySelectorAll('.source-lines > div').length === 61")
    assert body.evaluate("body => body.scrollHeight <= body.offsetHeight")


def test_message_is_looked_at_in_every_way_by_keyboard(preview):
    frame = preview.locator("#preview-frame")
    preview.get_by_role("link", name="Mobile", exact=True).press("Enter")
    assert frame.bounding_box()["width"] <= 392
    preview.get_by_role("link", name="Dark", exact=True).press("Enter")
    preview.wait_for_function("document.querySelector('[data-view=dark]').getAttribute('aria-current') === 'true'")
    preview.get_by_role("link", name="Plain text", exact=True).press("Enter")
    assert frame.is_hidden()
    assert preview.locator("#preview-text").is_visible()


def test_test_arrives_in_the_mailbox(preview, page, demo):
    preview.get_by_role("button", name="Send a test to me").click()
    preview.get_by_text("The provider accepted the test.").wait_for()
    page.goto(demo.mailbox)
    page.get_by_text("[TEST]").first.wait_for()
