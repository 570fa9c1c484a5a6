"""Finding a window of the demo as a planner does, whatever other tests have made beside it."""

from playwright.sync_api import Page

from .running import Demo

PLANNED = "Security update of the customer portal"


def open_planned(page: Page, demo: Demo) -> None:
    """The window that is scheduled; drafts that other tests copied from it bear its title, too."""
    page.goto(f"{demo.site}/admin/windows/maintenancewindow/")
    page.get_by_role("row").filter(has_text="Scheduled").get_by_role("link", name=PLANNED).last.click()
    page.wait_for_url("**/change/")
