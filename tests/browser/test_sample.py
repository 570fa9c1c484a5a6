"""A first look at an installation of one's own: the sample comes with a button and goes with one, by keyboard."""

import contextlib
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from config import embedded
from demo.environment import demo_environment
from demo.places import Places
from demo.ports import HOST, held_ports

from .conftest import AGENT, CheckAccess
from .running import ANY_PORTS, ROOT

PASSWORD = "notice-in-time"
PATIENCE_SECONDS = 60
LOADING_TAKES = 60_000


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Nothing but an administrator in it, and neither clock nor worker."""
    with held_ports(ANY_PORTS) as ports:
        places = Places(folder=tmp_path_factory.mktemp("installation"))
        environment = demo_environment(places, ports)
        environment["DJANGO_SUPERUSER_PASSWORD"] = PASSWORD

        def manage(*arguments: str) -> None:
            subprocess.run([sys.executable, "manage.py", *arguments], cwd=ROOT, env=environment, check=True)

        manage("migrate", "--verbosity=0")
        manage("collectstatic", "--noinput", "--verbosity=0")
        manage("createsuperuser", "--noinput", "--username=erin", "--email=erin@acme.example")
        web = ["granian", "--interface", "wsgi", "--host", HOST, "--port", str(ports.web), "config.wsgi:application"]
        process = subprocess.Popen([sys.executable, "-m", *web], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
        try:
            _await(f"http://{HOST}:{ports.web}/admin/login/")
            yield f"http://{HOST}:{ports.web}"
        finally:
            process.terminate()
            process.wait(timeout=30)
            embedded.stop(places.folder)


def _await(address: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), urllib.request.urlopen(address, timeout=5):
            return
        time.sleep(0.2)
    raise AssertionError(f"{address} does not answer")


@pytest.fixture
def first_page(browser: Browser, site: str) -> Iterator[Page]:
    context = browser.new_context(user_agent=AGENT, locale="en-GB", timezone_id="Europe/Paris", reduced_motion="reduce")
    page = context.new_page()
    page.goto(f"{site}/admin/")
    page.get_by_label("Username").fill("erin")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Log out").wait_for()
    yield page
    context.close()


def looked_at(page: Page, accessible: CheckAccess) -> None:
    for width in (1440, 390):
        page.set_viewport_size({"width": width, "height": 900})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth + 1")
    page.set_viewport_size({"width": 1440, "height": 900})


def test_the_sample_comes_with_one_button_and_goes_with_one(first_page: Page, accessible: CheckAccess) -> None:
    page = first_page
    looked_at(page, accessible)
    page.get_by_role("link", name="Load sample data").press("Enter")
    expect(page.locator("main")).to_contain_text("Nothing of it is sent to anybody")
    looked_at(page, accessible)
    page.get_by_role("button", name="Load sample data").press("Enter")
    expect(page.get_by_text("The sample data is there")).to_be_visible(timeout=LOADING_TAKES)
    looked_at(page, accessible)

    page.get_by_role("link", name="All windows").press("Enter")
    page.get_by_role("link", name="Sample: database upgrade of the shop").press("Enter")
    expect(page.get_by_text("42 of 42 sent").first).to_be_visible()

    page.goto(page.url.split("/admin/")[0] + "/admin/")
    page.get_by_role("link", name="Remove the sample data").press("Enter")
    expect(page.locator("main")).to_contain_text("What you have made yourself stays")
    looked_at(page, accessible)
    page.get_by_role("button", name="Remove the sample data").press("Enter")
    expect(page.get_by_text("The sample data is removed.")).to_be_visible(timeout=LOADING_TAKES)
    expect(page.get_by_role("heading", name="No window is planned")).to_be_visible()
    expect(page.get_by_role("link", name="Load sample data")).to_be_visible()
