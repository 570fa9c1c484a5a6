"""The real demo in a real browser: its own processes, ports and folder; Chromium as the system has it."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from .running import Demo, running_demo

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking", "--no-first-run"]
# What a person's browser says of itself; headless ones are rightly taken for machines.
AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36"
GRAVE = ("serious", "critical")

PATIENCE = 20_000  # ms, for what shows at once on a machine that has nothing else to do
LONGEST = "test_every_page"

EVERYTHING = {"resultTypes": ["violations"], "preload": False}  # it would load stylesheets anew, from the page's own folder
CONTRAST = EVERYTHING | {"runOnly": ["color-contrast"]}


class CheckAccess(Protocol):
    def __call__(self, page: Page, *, contrast_alone: bool = False) -> None: ...


def pytest_configure() -> None:
    expect.set_options(timeout=PATIENCE)


@pytest.hookimpl(trylast=True)  # the order is shuffled before
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What a process takes where several share the work (--dist loadgroup): a whole file, since its tests share what they have
    started; of the one that takes longest, which goes first, a language."""
    for item in items:
        file = item.path.stem
        item.add_marker(pytest.mark.xdist_group(item.name if file == LONGEST else file))
    items.sort(key=lambda item: item.path.stem != LONGEST)


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with running_demo(tmp_path_factory.mktemp("demo")) as demo:
        yield demo


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    assert CHROMIUM, "No Chromium was found; on Debian: apt install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def signed_in(browser: Browser, demo: Demo, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cookies of a planner who has signed in."""
    state = tmp_path_factory.mktemp("browser") / "state.json"
    context = browser.new_context(user_agent=AGENT, locale="en-GB", timezone_id="Europe/Paris")
    page = context.new_page()
    page.goto(f"{demo.site}/admin/")
    page.get_by_label("Username").fill(demo.user)
    page.get_by_label("Password").fill(demo.password)
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("button", name="Log out").wait_for()
    context.storage_state(path=state)
    context.close()
    return state


@pytest.fixture
def context(browser: Browser, signed_in: Path) -> Iterator[BrowserContext]:
    context = browser.new_context(
        user_agent=AGENT, locale="en-GB", timezone_id="Europe/Paris", storage_state=signed_in, reduced_motion="reduce"
    )
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page that must stay clean: no error in the console, which is where a breach of the CSP is told, and no answer of 500."""
    page = context.new_page()
    complaints = complaints_of(page)
    yield page
    assert not complaints


def complaints_of(page: Page) -> list[str]:
    """Grows with whatever the page does wrong from now on."""
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(f"{page.url}: {said.text}") if _is_of_the_page(page, said) else None)
    page.on("pageerror", lambda error: complaints.append(f"{page.url}: {error}"))
    page.on("response", lambda answer: complaints.append(f"{answer.status} {answer.url}") if answer.status >= 500 else None)
    return complaints


def _is_of_the_page(page: Page, said: ConsoleMessage) -> bool:
    """An error, and not one of axe's: it tries inline styles on copies of fields to measure them, which the CSP refuses. Nor
    that the page itself has the status of an error, as one that says that there is nothing has."""
    is_of_axe = page in _looked_at_by_axe and "Applying inline style" in said.text
    is_its_status = said.text.startswith("Failed to load resource") and said.location.get("url") == page.url
    return said.type == "error" and not is_of_axe and not is_its_status


_looked_at_by_axe: set[Page] = set()


@pytest.fixture(scope="session")
def accessible() -> CheckAccess:
    """Asserts that axe finds nothing serious on the page as it stands; of a page that has only changed its colours since,
    `contrast_alone` tells the same in less time."""

    def check(page: Page, *, contrast_alone: bool = False) -> None:
        _looked_at_by_axe.add(page)
        if not page.evaluate("'axe' in window"):
            page.evaluate(AXE_SCRIPT)
        found = page.evaluate("options => axe.run(options)", CONTRAST if contrast_alone else EVERYTHING)["violations"]
        page.evaluate("0")  # by the time this is answered, what axe made the console say has been heard
        _looked_at_by_axe.discard(page)
        grave = [
            f"{rule['id']} ({rule['impact']}): {node['html'][:200]}"
            for rule in found
            if rule["impact"] in GRAVE
            for node in rule["nodes"]
        ]
        assert not grave, f"{page.url}\n" + "\n".join(grave)

    return check
