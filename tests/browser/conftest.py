"""The real demo in a real browser: its own processes, ports and folder; Chromium as the system has it."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent.parent
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking", "--no-first-run"]
# What a person's browser says of itself; headless ones are rightly taken for machines.
AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36"
START_SECONDS = 90
GRAVE = ("serious", "critical")

CheckAccess = Callable[[Page], None]


@dataclass(frozen=True, kw_only=True)
class Demo:
    site: str
    mailbox: str
    feed: str
    watch: str
    title: str
    user: str
    password: str


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The demo from its first start on; what it printed is what a newcomer knows."""
    folder = tmp_path_factory.mktemp("demo")
    environment = os.environ | {"DEMO_DIR": str(folder), "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        [sys.executable, "-m", "demo"], cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    )
    try:
        yield _demo_of(_greeting(process))
    finally:
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert not _processes_of(folder), "Ctrl-C left something behind"
    assert not re.search(r"ERROR|Traceback", rest), rest


def _processes_of(folder: Path) -> list[str]:
    """Every process that was started with the demo's environment and still runs."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if str(folder).encode() in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_text().replace("\0", " "))
    return found


def _greeting(process: "subprocess.Popen[str]") -> str:
    signal.signal(signal.SIGALRM, lambda *_: process.kill())
    signal.alarm(START_SECONDS)
    lines = []
    assert process.stdout
    for line in process.stdout:
        lines.append(line)
        if line.startswith("Ctrl-C"):
            break
    signal.alarm(0)
    return "".join(lines)


def _demo_of(greeting: str) -> Demo:
    def find(pattern: str) -> str:
        found = re.search(pattern, greeting)
        assert found, f"{pattern} is not in what the demo printed:\n{greeting}"
        return found[1]

    return Demo(
        site=find(r"Planners\s+(\S+?)/admin/"),
        user=find(r"user (\S+),"),
        password=find(r"password (\S+)\)"),
        mailbox=find(r"Mailbox\s+(\S+?)/ "),
        feed=find(r"Calendar\s+(\S+)"),
        watch=find(r"Watch\s+(\S+)"),
        title=find(r"“(.+)” starts in"),
    )


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
    complaints: list[str] = []
    page = context.new_page()
    page.on("console", lambda said: complaints.append(f"{page.url}: {said.text}") if said.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(f"{page.url}: {error}"))
    page.on("response", lambda answer: complaints.append(f"{answer.status} {answer.url}") if answer.status >= 500 else None)
    yield page
    assert not complaints


@pytest.fixture(scope="session")
def accessible() -> CheckAccess:
    """Asserts that axe finds nothing serious on the page as it stands."""
    axe = Axe()

    def check(page: Page) -> None:
        found = axe.run(page).response["violations"]
        grave = [
            f"{rule['id']} ({rule['impact']}): {node['html'][:200]}"
            for rule in found
            if rule["impact"] in GRAVE
            for node in rule["nodes"]
        ]
        assert not grave, f"{page.url}\n" + "\n".join(grave)

    return check
