"""The keys of every page: `/` to its search, `?` to the list of them; neither while somebody types."""

import pytest
from playwright.sync_api import Locator, Page, expect

from .conftest import CheckAccess, Demo
from .finding import open_planned

WINDOWS = "/admin/windows/maintenancewindow/"


def dialog_of(page: Page) -> Locator:
    return page.get_by_role("dialog", name="Keys of this page")


@pytest.mark.parametrize("path", [WINDOWS, "/admin/audiences/contact/"])
def test_slash_goes_to_the_search_and_types_no_sign(page: Page, demo: Demo, path: str) -> None:
    page.goto(demo.site + path)
    search = page.get_by_role("searchbox")
    expect(search).not_to_be_focused()
    page.keyboard.press("/")
    expect(search).to_be_focused()
    page.keyboard.type("a/b?")
    expect(search).to_have_value("a/b?")
    expect(dialog_of(page)).to_be_hidden()


def test_slash_goes_to_the_search_of_the_delivery_log(page: Page, demo: Demo) -> None:
    page.goto(demo.watch.replace("/live/", "/log/"))
    page.keyboard.press("/")
    expect(page.get_by_label("Find a person or a message")).to_be_focused()


def test_question_mark_lists_the_keys_and_escape_gives_back_the_place(page: Page, demo: Demo, accessible: CheckAccess) -> None:
    page.goto(demo.site + WINDOWS)
    link = page.get_by_role("link", name="Network maintenance")
    link.focus()
    page.keyboard.press("?")
    expect(dialog_of(page)).to_contain_text("go to the search of this page")
    for width in (1440, 390):
        page.set_viewport_size({"width": width, "height": 900})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            accessible(page)
    page.keyboard.press("Escape")
    expect(dialog_of(page)).to_be_hidden()
    expect(link).to_be_focused()


def test_the_list_of_the_matrix_has_its_keys_and_that_of_a_page_without_search_no_slash(page: Page, demo: Demo) -> None:
    open_planned(page, demo)
    page.keyboard.press("?")
    expect(dialog_of(page).get_by_text("go to the search of this page")).to_be_hidden()
    page.keyboard.press("Escape")
    page.goto(page.url.replace("/change/", "/matrix/"))
    page.get_by_role("button", name="Keys", exact=True).press("Enter")
    expect(dialog_of(page)).to_contain_text("go from cell to cell")
    dialog_of(page).get_by_role("button", name="Close").press("Enter")
    expect(dialog_of(page)).to_be_hidden()


def test_keys_that_are_not_wanted_stay_off_and_the_button_still_tells_them(page: Page, demo: Demo) -> None:
    page.goto(demo.site + WINDOWS)
    page.keyboard.press("?")
    dialog_of(page).get_by_label("Use / and ? in this browser").uncheck()
    page.keyboard.press("Escape")
    page.reload()
    page.keyboard.press("?")
    page.keyboard.press("/")
    expect(dialog_of(page)).to_be_hidden()
    expect(page.get_by_role("searchbox")).not_to_be_focused()
    page.get_by_role("button", name="Keys of this page").press("Enter")
    expect(dialog_of(page)).to_be_visible()
