"""Every page there is, read from the URLs: accessible, within its window and at peace with the CSP, in each theme, width and language."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence

import pytest
from playwright.sync_api import Browser, Page

from .conftest import CheckAccess, complaints_of
from .pages_to_show import Shown
from .running import ROOT, Demo, running_demo
from .visits import Visits

WIDTHS = (1440, 390)
A_MOMENT = 50  # ms, for what a script puts in place
MANY = 120  # fewer pages, and something has kept the others from being shown


@pytest.fixture(scope="module")
def staged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Demo, Mapping[str, Sequence[Shown]]]]:
    """A demo of its own, since much is staged in it."""
    folder = tmp_path_factory.mktemp("every-page")
    with running_demo(folder, may_complain=True) as demo:
        stage = [sys.executable, "-m", "tests.browser.staging", str(folder)]
        told = subprocess.run(stage, cwd=ROOT, stdout=subprocess.PIPE, check=True, text=True).stdout
        yield demo, {language: [Shown(**one) for one in found] for language, found in json.loads(told).items()}


@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_page_is_open_to_everybody(
    browser: Browser, staged: tuple[Demo, Mapping[str, Sequence[Shown]]], accessible: CheckAccess, language: str
) -> None:
    demo, pages = staged
    visits = Visits(browser, demo, language=language)
    complaints = [complaints_of(page) for page in (visits.guest, visits.planner)]
    opened, problems = 0, []
    for shown in pages[language]:
        page = visits.open(shown)
        if isinstance(page, Page):
            opened += 1
            problems += [f"{shown.name}, {problem}" for problem in problems_of(page, language, accessible)]
    visits.close()
    assert problems + complaints[0] + complaints[1] == []
    assert opened >= MANY


def problems_of(page: Page, language: str, accessible: CheckAccess) -> Iterator[str]:
    """One load, four looks; the second scheme has nothing but other colours."""
    spoken = page.locator("html").get_attribute("lang")
    if spoken != language:
        yield f"speaks {spoken}"
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            page.wait_for_timeout(A_MOMENT)
            try:
                accessible(page, contrast_alone=scheme == "dark")
            except AssertionError as error:
                yield f"{width} {scheme}: {error}"
        if not page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
            yield f"{width}: stands out of its window"
