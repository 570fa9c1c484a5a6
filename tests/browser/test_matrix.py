"""The plan as a matrix by mouse and by keyboard, on drafts that are copies of a window of the demo."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from .conftest import AGENT, CheckAccess, Demo
from .finding import open_planned

WIDTHS = (1440, 390)
NOTHING = re.compile("Nothing has been changed")


@pytest.fixture
def matrix(page: Page, demo: Demo) -> Page:
    open_copy(page, demo)
    return page


def open_copy(page: Page, demo: Demo) -> None:
    open_planned(page, demo)
    page.get_by_role("link", name="Duplicate").click()
    page.get_by_role("button", name="Draft it").click()
    page.get_by_role("link", name="Edit the plan").click()


def cell(page: Page, moment: str, column: str = "Customers, E-mail") -> Locator:
    return page.get_by_role("checkbox", name=f"{moment}, {column}", exact=True)


def summary(page: Page) -> Locator:
    return page.locator("[data-summary]")


def test_cells_are_switched_by_mouse_and_saved(matrix: Page, accessible: CheckAccess) -> None:
    cell(matrix, "−7 d before the start").uncheck()
    expect(summary(matrix)).to_contain_text("1 cell changes: 1 switched off.")
    expect(matrix.get_by_text("taken out by hand").first).to_be_visible()
    accessible(matrix)
    matrix.get_by_role("button", name="Save 1 cell").click()
    expect(matrix.get_by_text("1 cell of the plan was changed.")).to_be_visible()
    row = matrix.get_by_role("row").filter(has=matrix.get_by_role("rowheader", name=re.compile("^−7 d")))
    expect(row).to_contain_text("by hand")


def test_what_was_decided_by_hand_is_there_after_a_reload_and_can_be_reset(matrix: Page) -> None:
    cell(matrix, "−7 d before the start").uncheck()
    matrix.get_by_role("button", name="Save 1 cell").click()
    matrix.get_by_role("link", name="Edit the plan").click()
    expect(cell(matrix, "−7 d before the start")).not_to_be_checked()
    matrix.get_by_role("button", name="−7 d before the start: as in the playbook").click()
    expect(cell(matrix, "−7 d before the start")).to_be_checked()
    expect(summary(matrix)).to_contain_text("1 switched on")


def test_undo_and_redo(matrix: Page) -> None:
    cell(matrix, "−7 d before the start").uncheck()
    cell(matrix, "−24 h before the start").uncheck()
    expect(summary(matrix)).to_contain_text("2 cells change")
    matrix.keyboard.press("Control+z")
    expect(cell(matrix, "−24 h before the start")).to_be_checked()
    matrix.get_by_role("button", name="Undo").click()
    expect(summary(matrix)).to_contain_text(NOTHING)
    matrix.keyboard.press("Control+Shift+z")
    expect(cell(matrix, "−7 d before the start")).not_to_be_checked()
    expect(summary(matrix)).to_contain_text("1 cell changes")


def test_headings_switch_their_row_and_their_column(matrix: Page) -> None:
    matrix.get_by_role("rowheader").get_by_role("button", name=re.compile("^−7 d")).click()
    expect(cell(matrix, "−7 d before the start", "Team chat")).to_be_checked()  # it was off: now the whole row is on
    matrix.get_by_role("rowheader").get_by_role("button", name=re.compile("^−7 d")).click()
    for column in ("Customers, E-mail", "Internal team, E-mail", "Team chat"):
        expect(cell(matrix, "−7 d before the start", column)).not_to_be_checked()
    matrix.get_by_role("columnheader").get_by_role("button", name=re.compile("^Customers")).click()
    expect(cell(matrix, "At the planned end")).to_be_checked()


def test_shift_and_click_selects_a_range_that_is_switched_together(matrix: Page) -> None:
    cell(matrix, "−24 h before the start").focus()
    cell(matrix, "−1 h before the start", "Internal team, E-mail").click(modifiers=["Shift"])
    expect(matrix.locator("[aria-selected=true]")).to_have_count(4)
    expect(summary(matrix)).to_contain_text(NOTHING)
    matrix.keyboard.press("Space")
    expect(summary(matrix)).to_contain_text("4 cells change: 4 switched off.")


def test_keyboard_alone(matrix: Page, accessible: CheckAccess) -> None:
    focused: Callable[[], str] = lambda: matrix.evaluate("document.activeElement.getAttribute('aria-label')")  # noqa: E731
    cell(matrix, "−7 d before the start").focus()
    matrix.keyboard.press("ArrowDown")
    assert focused() == "−24 h before the start, Customers, E-mail"
    matrix.keyboard.press("Space")
    expect(cell(matrix, "−24 h before the start")).not_to_be_checked()
    expect(summary(matrix)).to_contain_text("1 cell changes")
    assert focused() == "−24 h before the start, Customers, E-mail"
    matrix.keyboard.press("ArrowRight")
    assert focused() == "−24 h before the start, Internal team, E-mail"
    matrix.keyboard.press("Control+End")
    assert focused() == "+24 h after the completion, Team chat"
    matrix.keyboard.press("Home")
    assert matrix.evaluate("document.activeElement.textContent.trim()").startswith("+24 h")
    matrix.keyboard.press("Space")  # the whole row: something of it was off
    expect(cell(matrix, "+24 h after the completion", "Team chat")).to_be_checked()
    cell(matrix, "−24 h before the start").focus()
    matrix.keyboard.press("Shift+ArrowRight")
    matrix.keyboard.press("Shift+ArrowDown")
    expect(matrix.locator("[aria-selected=true]")).to_have_count(4)
    matrix.keyboard.press("Escape")
    expect(matrix.locator("[aria-selected=true]")).to_have_count(0)
    accessible(matrix)
    matrix.keyboard.press("Enter")
    assert matrix.evaluate("document.activeElement.id") == "detail-owner"
    matrix.keyboard.press("Escape")
    assert focused() == "−1 h before the start, Internal team, E-mail"
    matrix.keyboard.press("Control+z")
    matrix.keyboard.press("Control+z")
    expect(summary(matrix)).to_contain_text(NOTHING)


def test_one_cell_is_the_only_stop_of_the_tab_key(matrix: Page) -> None:
    expect(matrix.locator("[data-grid] [tabindex='0']")).to_have_count(1)
    cell(matrix, "−1 h before the start").focus()
    expect(matrix.locator("[data-grid] [tabindex='0']")).to_have_count(1)
    matrix.keyboard.press("Tab")
    assert matrix.evaluate("document.activeElement.closest('[data-grid]')") is None


def test_cell_gets_an_owner(matrix: Page) -> None:
    cell(matrix, "−1 h before the start").focus()
    expect(matrix.get_by_role("heading", name="−1 h before the start, Customers, E-mail")).to_be_visible()
    matrix.get_by_label("Owner", exact=True).select_option(index=1)
    expect(summary(matrix)).to_contain_text("1 gets another owner")
    matrix.get_by_role("button", name="Save 1 cell").click()
    expect(matrix.get_by_text("1 cell of the plan was changed.")).to_be_visible()


def test_unsaved_changes_are_guarded(matrix: Page) -> None:
    asked: list[str] = []

    def stay(dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    matrix.on("dialog", stay)
    cell(matrix, "−7 d before the start").uncheck()
    expect(summary(matrix)).to_contain_text("1 cell changes")
    matrix.get_by_role("link", name="Back, change nothing").click()
    matrix.wait_for_url(re.compile("/change/$"))
    assert asked == ["beforeunload"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_matrix_is_accessible_and_fits(
    browser: Browser, signed_in, demo: Demo, accessible: CheckAccess, width: int, scheme: str
) -> None:
    context = browser.new_context(
        user_agent=AGENT, storage_state=signed_in, viewport={"width": width, "height": 900}, color_scheme=scheme
    )
    page = context.new_page()
    open_copy(page, demo)
    cell(page, "−7 d before the start").uncheck()
    expect(summary(page)).to_contain_text("1 cell changes")
    accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    page.goto(f"{demo.site}/admin/campaigns/playbook/1/matrix/")
    expect(page.get_by_role("grid")).to_be_visible()
    accessible(page)
    context.close()


def test_matrix_works_without_script(browser: Browser, signed_in, demo: Demo) -> None:
    context = browser.new_context(user_agent=AGENT, storage_state=signed_in, java_script_enabled=False)
    page = context.new_page()
    open_copy(page, demo)
    cell(page, "−7 d before the start").uncheck()
    page.get_by_role("button", name="Preview").click()
    expect(summary(page)).to_contain_text("1 cell changes: 1 switched off.")
    expect(cell(page, "−7 d before the start")).not_to_be_checked()
    page.get_by_label("Cell", exact=True).select_option(label="−1 h before the start, Customers, E-mail")
    page.get_by_label("Owner", exact=True).select_option(index=1)
    page.get_by_role("button", name="Set the owner").click()
    expect(summary(page)).to_contain_text("2 cells change: 1 switched off, 1 gets another owner.")
    page.get_by_role("button", name="Save 2 cells").click()
    expect(page.get_by_text("2 cells of the plan were changed.")).to_be_visible()
    context.close()


CREW_CALL = "Crew call: −3 d before the start"


def add_crew_call(page: Page) -> None:
    page.get_by_label("How long").fill("3 d")
    page.get_by_label("Name").fill("Crew call")


def test_moment_is_added_by_mouse_saved_and_taken_away(matrix: Page, accessible: CheckAccess) -> None:
    matrix.get_by_text("Add a moment", exact=True).click()
    accessible(matrix)
    add_crew_call(matrix)
    matrix.get_by_role("button", name="Add the moment").click()
    expect(summary(matrix)).to_contain_text("1 moment is added. 3 cells change: 3 switched on.")
    expect(cell(matrix, CREW_CALL)).to_be_focused()
    cell(matrix, CREW_CALL, "Team chat").uncheck()
    expect(summary(matrix)).to_contain_text("1 moment is added. 2 cells change: 2 switched on.")
    accessible(matrix)
    matrix.get_by_role("button", name="Save 2 cells").click()
    expect(matrix.get_by_text("2 cells of the plan were changed.")).to_be_visible()
    row = matrix.get_by_role("row").filter(has=matrix.get_by_role("rowheader", name=re.compile("^Crew call")))
    expect(row).to_contain_text("by hand")
    matrix.get_by_role("link", name="Edit the plan").click()
    expect(matrix.get_by_text("added by hand, for this campaign alone")).to_be_visible()
    matrix.get_by_role("button", name=f"Take away: {CREW_CALL}").click()
    expect(summary(matrix)).to_contain_text("1 moment is taken away.")
    matrix.get_by_role("button", name="Undo").click()
    expect(cell(matrix, CREW_CALL)).to_be_checked()
    expect(summary(matrix)).to_contain_text(NOTHING)
    matrix.get_by_role("button", name=f"Take away: {CREW_CALL}").click()
    expect(summary(matrix)).to_contain_text("1 moment is taken away.")
    matrix.get_by_role("button", name="Save", exact=True).click()
    expect(matrix.get_by_text("Crew call")).to_have_count(0)


def test_moment_is_added_by_keyboard_and_undone(matrix: Page) -> None:
    matrix.get_by_text("Add a moment", exact=True).focus()
    matrix.keyboard.press("Enter")
    expect(matrix.get_by_label("How long")).to_be_focused()
    matrix.keyboard.press("Enter")
    expect(matrix.get_by_text("Say how long before or after, for example 3 d or 90 min.")).to_be_visible()
    expect(matrix.get_by_label("How long")).to_be_focused()
    matrix.keyboard.type("3 d")
    matrix.get_by_label("Name").focus()
    matrix.keyboard.type("Crew call")
    matrix.keyboard.press("Enter")
    expect(cell(matrix, CREW_CALL)).to_be_focused()
    matrix.keyboard.press("Space")
    expect(summary(matrix)).to_contain_text("2 switched on")
    matrix.keyboard.press("Control+z")
    expect(summary(matrix)).to_contain_text("3 switched on")
    matrix.keyboard.press("Control+z")
    expect(summary(matrix)).to_contain_text(NOTHING)
    expect(cell(matrix, CREW_CALL)).to_have_count(0)
    matrix.keyboard.press("Control+Shift+z")
    expect(cell(matrix, CREW_CALL)).to_be_checked()
    expect(summary(matrix)).to_contain_text("1 moment is added. 3 cells change: 3 switched on.")


def test_moment_is_added_on_a_small_screen(browser: Browser, signed_in, demo: Demo, accessible: CheckAccess) -> None:
    context = browser.new_context(user_agent=AGENT, storage_state=signed_in, viewport={"width": 390, "height": 844})
    page = context.new_page()
    open_copy(page, demo)
    page.get_by_text("Add a moment", exact=True).click()
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    accessible(page)
    add_crew_call(page)
    page.get_by_role("button", name="Add the moment").click()
    expect(summary(page)).to_contain_text("1 moment is added.")
    accessible(page)
    context.close()


def test_moment_is_added_and_taken_away_without_script(browser: Browser, signed_in, demo: Demo) -> None:
    context = browser.new_context(user_agent=AGENT, storage_state=signed_in, java_script_enabled=False)
    page = context.new_page()
    open_copy(page, demo)
    page.get_by_text("Add a moment", exact=True).click()
    page.get_by_role("button", name="Add the moment").click()
    expect(page.get_by_text("Say how long before or after, for example 3 d or 90 min.")).to_be_visible()
    add_crew_call(page)
    page.get_by_role("button", name="Add the moment").click()
    expect(summary(page)).to_contain_text("1 moment is added. 3 cells change: 3 switched on.")
    page.get_by_role("button", name=f"Take away: {CREW_CALL}").click()
    expect(summary(page)).to_contain_text(NOTHING)
    page.get_by_text("Add a moment", exact=True).click()
    add_crew_call(page)
    page.get_by_role("button", name="Add the moment").click()
    page.get_by_role("button", name="Save 3 cells").click()
    expect(page.get_by_text("3 cells of the plan were changed.")).to_be_visible()
    context.close()


EARLIER_CALL = "Crew call: −5 d before the start"


def with_a_crew_call(page: Page) -> None:
    """It is saved, and the matrix open once more."""
    page.get_by_text("Add a moment", exact=True).click()
    add_crew_call(page)
    page.get_by_role("button", name="Add the moment").click()
    page.get_by_role("button", name=re.compile("^Save 3 cells")).click()
    page.get_by_role("link", name="Edit the plan").click()


def test_moment_is_edited_by_mouse_with_preview_and_undo(matrix: Page, accessible: CheckAccess) -> None:
    with_a_crew_call(matrix)
    matrix.get_by_role("button", name=f"Edit: {CREW_CALL}").click()
    expect(matrix.get_by_label("How long")).to_be_focused()
    expect(matrix.get_by_label("Name")).to_have_value("Crew call")
    accessible(matrix)
    matrix.get_by_label("How long").fill("5 d")
    matrix.get_by_label("Urgency").select_option("urgent")
    matrix.get_by_role("button", name="Apply the edit").click()
    expect(summary(matrix)).to_contain_text("1 moment is edited.")
    expect(cell(matrix, EARLIER_CALL)).to_be_checked()
    expect(matrix.get_by_role("rowheader", name=re.compile("^Crew call: −5 d"))).to_contain_text("urgent")
    accessible(matrix)
    matrix.get_by_role("button", name="Undo").click()
    expect(cell(matrix, CREW_CALL)).to_be_checked()
    expect(summary(matrix)).to_contain_text(NOTHING)
    matrix.get_by_role("button", name="Redo").click()
    expect(cell(matrix, EARLIER_CALL)).to_be_checked()
    cell(matrix, EARLIER_CALL, "Team chat").uncheck()
    expect(summary(matrix)).to_contain_text("1 moment is edited. 1 cell changes: 1 switched off.")
    matrix.get_by_role("button", name="Save 1 cell").click()
    row = matrix.get_by_role("row").filter(has=matrix.get_by_role("rowheader", name=re.compile("^Crew call: −5 d")))
    expect(row).to_contain_text("by hand")


def test_what_was_switched_just_before_an_edit_is_shown_all_the_same(matrix: Page) -> None:
    with_a_crew_call(matrix)
    matrix.evaluate(
        """() => {
            document.querySelector('[data-cell][data-label^="−7 d"] input[name=on]').click();
            document.querySelector("[data-edit]").click();
        }"""
    )
    expect(matrix.get_by_label("Name")).to_have_value("Crew call")
    expect(summary(matrix)).to_contain_text("1 cell changes")


def test_moment_is_edited_by_keyboard(matrix: Page) -> None:
    with_a_crew_call(matrix)
    cell(matrix, CREW_CALL).focus()
    matrix.keyboard.press("End")
    expect(matrix.get_by_role("button", name=f"Take away: {CREW_CALL}")).to_be_focused()
    matrix.keyboard.press("ArrowLeft")
    expect(matrix.get_by_role("button", name=f"Edit: {CREW_CALL}")).to_be_focused()
    matrix.keyboard.press("Enter")
    expect(matrix.get_by_label("How long")).to_be_focused()
    matrix.keyboard.press("ControlOrMeta+a")
    matrix.keyboard.type("soon")
    matrix.keyboard.press("Enter")
    expect(matrix.get_by_text("“soon” is not understood as an offset")).to_be_visible()
    expect(matrix.get_by_label("How long")).to_be_focused()
    matrix.keyboard.press("ControlOrMeta+a")
    matrix.keyboard.type("5 d")
    matrix.keyboard.press("Enter")
    expect(matrix.get_by_role("button", name=f"Edit: {EARLIER_CALL}")).to_be_focused()
    expect(summary(matrix)).to_contain_text("1 moment is edited.")
    matrix.keyboard.press("Control+z")
    expect(summary(matrix)).to_contain_text(NOTHING)
    matrix.get_by_text("Add a moment", exact=True).focus()
    matrix.keyboard.press("Enter")
    expect(matrix.get_by_label("Name")).to_have_value("")  # the next one is a new one


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_moment_is_edited_on_a_small_screen(
    browser: Browser, signed_in, demo: Demo, accessible: CheckAccess, scheme: str
) -> None:
    context = browser.new_context(
        user_agent=AGENT, storage_state=signed_in, viewport={"width": 390, "height": 844}, color_scheme=scheme
    )
    page = context.new_page()
    open_copy(page, demo)
    with_a_crew_call(page)
    page.get_by_role("button", name=f"Edit: {CREW_CALL}").click()
    expect(page.get_by_label("How long")).to_be_in_viewport()
    accessible(page)
    page.get_by_label("How long").fill("5 d")
    page.get_by_role("button", name="Apply the edit").click()
    expect(cell(page, EARLIER_CALL)).to_be_checked()
    accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    context.close()


def test_moment_is_edited_without_script(browser: Browser, signed_in, demo: Demo) -> None:
    context = browser.new_context(user_agent=AGENT, storage_state=signed_in, java_script_enabled=False)
    page = context.new_page()
    open_copy(page, demo)
    with_a_crew_call(page)
    page.get_by_role("button", name=f"Edit: {CREW_CALL}").click()
    page.get_by_label("How long").fill("5 d")
    page.get_by_role("button", name="Apply the edit").click()
    expect(summary(page)).to_contain_text("1 moment is edited.")
    expect(cell(page, EARLIER_CALL)).to_be_checked()
    page.get_by_role("button", name="Save", exact=True).click()
    row = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name=re.compile("^Crew call: −5 d")))
    expect(row).to_contain_text("by hand")
    context.close()
