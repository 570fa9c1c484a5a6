"""Every page there is, read from the URLs: accessible, within its window and at peace with the CSP, in each theme, width and language."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

import pytest
from playwright.sync_api import Browser, Error, Page

from .conftest import CheckAccess, complaints_of
from .pages_to_show import Shown
from .running import ROOT, Demo, running_demo
from .visits import Visits

LOOKS: tuple[tuple[int, Literal["light", "dark"]], ...] = ((1440, "light"), (1440, "dark"), (390, "dark"), (390, "light"))
# By then a script that is told of a new size has put in place what it wants.
TWO_FRAMES = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
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
        try:
            page = visits.open(shown)
        except Error as error:  # the others are to be looked at all the same
            problems.append(f"{shown.name}: {error}")
            continue
        if isinstance(page, Page):
            opened += 1
            problems += [f"{shown.name}, {problem}" for problem in problems_of(page, language, accessible)]
    visits.close()
    assert problems + complaints[0] + complaints[1] == []
    assert opened >= MANY


def problems_of(page: Page, language: str, accessible: CheckAccess) -> Iterator[str]:
    """One load, four looks. The second scheme has nothing but other colours, and the second language the same ones."""
    spoken = page.locator("html").get_attribute("lang")
    if spoken != language:
        yield f"speaks {spoken}"
    for width, scheme in LOOKS:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)
        page.evaluate(TWO_FRAMES)
        if not page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
            yield f"{width}: stands out of its window"
        if scheme == "dark" and language != "en":
            continue
        try:
            accessible(page, contrast_alone=scheme == "dark")
        except AssertionError as error:
            yield f"{width} {scheme}: {error}"
