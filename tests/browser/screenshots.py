"""Every page of the demo as a picture, for docs/screenshots: light and dark, on a screen and on a phone.

make screenshots                                   all of them
make screenshots ARGS="--only rehears"             those whose name has this in it
make screenshots ARGS="--language fr --into var/fr"   as a French planner sees them
"""

import argparse
import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from demo.environment import demo_environment
from demo.places import Places

from .conftest import AGENT, CHROMIUM, QUIET
from .running import ROOT, Demo, running_demo

SIZES = (1440, 390)
SCHEMES = ("light", "dark")
TALLEST = {1440: 1600, 390: 1800}  # the rest of a long page is more of the same
KEPT_WIDTH = {1440: 900, 390: 390}
COLOURS = 40
LOWEST = 900
PATIENCE = 120_000  # ms, on a machine that is busy with other things
FOR_GUESTS = ("publishing:", "tracking:", "admin:login", "delivery:rehearsal_link")
A_MOMENT = 150  # for what a script puts in place


@dataclass(frozen=True, kw_only=True)
class Look:
    width: int
    scheme: str

    @property
    def name(self) -> str:
        return f"{self.width}-{self.scheme}"


LOOKS = [Look(width=width, scheme=scheme) for width in SIZES for scheme in SCHEMES]


def main() -> None:
    asked = _arguments()
    asked.into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="screenshots-") as folder, running_demo(Path(folder), may_complain=True) as demo:
        _use_database_of(Path(folder))
        from .staging import stage

        stage(language=asked.language)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
            taken = Album(browser, demo, asked.into).take(only=asked.only)
            browser.close()
    if not asked.only:
        _drop_others(asked.into, taken)
        (asked.into / "README.md").write_text(_index(taken), encoding="utf-8")


@dataclass(frozen=True, kw_only=True)
class Picture:
    name: str
    path: str
    title: str = ""
    why_not: str = ""  # shown: nothing

    def file(self, look: Look) -> str:
        return f"{re.sub(r'[^a-z0-9]+', '-', self.name)}.{look.name}.png"


class Album:
    """Takes the pictures, page by page in every look."""

    def __init__(self, browser: Browser, demo: Demo, into: Path) -> None:
        self.demo, self.into = demo, into
        self.guest = self._context(browser).new_page()
        self.planner = self._context(browser).new_page()
        self._sign_in(self.planner)

    def take(self, *, only: str) -> list[Picture]:
        from .pages_to_show import Shown
        from .staging import to_show

        taken = []
        for found in to_show():
            if isinstance(found, Shown):
                if only in found.name:
                    taken.append(self._take(found.name, found.path))
            elif only in found:
                name, _colon, why = found.rpartition(": ")
                taken.append(Picture(name=name, path="", why_not=why))
        return sorted(taken, key=lambda picture: picture.name)

    def _take(self, name: str, path: str) -> Picture:
        page = self.guest if name.startswith(FOR_GUESTS) else self.planner
        why_not = self._visit(page, path)
        if why_not:
            return Picture(name=name, path=path, why_not=why_not)
        picture = Picture(name=name, path=path, title=page.title().removesuffix(" | Preavis"))
        for look in LOOKS:
            (self.into / picture.file(look)).write_bytes(_small(_shot(page, look), look))
        return picture

    def _visit(self, page: Page, path: str) -> str:
        """Why there is nothing to see at the address; nothing where there is."""
        answer = page.context.request.get(f"{self.demo.site}{path}", max_redirects=0)
        assert answer.status < 500, f"{answer.status} {path}"
        if 300 <= answer.status < 400:
            return "leads elsewhere"
        if answer.status != 200:
            return f"answers {answer.status} to a look"
        if "html" not in answer.headers.get("content-type", ""):
            return "is a file"
        if not answer.text().lstrip().lower().startswith("<!doctype"):
            return "is a part of a page"
        page.goto(f"{self.demo.site}{path}")
        return ""

    def _sign_in(self, page: Page) -> None:
        page.goto(f"{self.demo.site}/admin/")
        page.locator("#id_username").fill(self.demo.user)
        page.locator("#id_password").fill(self.demo.password)
        page.locator("#login-form [type=submit]").click()
        page.locator("#logout-form").wait_for()

    def _context(self, browser: Browser) -> BrowserContext:
        context = browser.new_context(user_agent=AGENT, locale="en-GB", timezone_id="Europe/Paris", reduced_motion="reduce")
        context.set_default_timeout(PATIENCE)
        return context


def _shot(page: Page, look: Look) -> bytes:
    """As in a window that is as tall as the page, so that what sticks to its edge covers nothing."""
    page.emulate_media(color_scheme=look.scheme)  # type: ignore[arg-type]
    page.set_viewport_size({"width": look.width, "height": LOWEST})
    page.wait_for_timeout(A_MOMENT)
    tall = page.evaluate("document.documentElement.scrollHeight")
    page.set_viewport_size({"width": look.width, "height": max(min(tall, TALLEST[look.width]), LOWEST)})
    return page.screenshot(animations="disabled", caret="hide")


def _small(png: bytes, look: Look) -> bytes:
    image = Image.open(BytesIO(png)).convert("RGB")
    width = KEPT_WIDTH[look.width]
    if width != image.width:
        image = image.resize((width, round(image.height * width / image.width)), Image.Resampling.LANCZOS)
    kept = BytesIO()
    image.quantize(COLOURS, Image.Quantize.MAXCOVERAGE, kmeans=3, dither=Image.Dither.NONE).save(kept, "PNG", optimize=True)
    return kept.getvalue()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--into", type=Path, default=ROOT / "docs" / "screenshots")
    parser.add_argument("--language", choices=("en", "fr"), default="en")
    parser.add_argument("--only", default="")
    return parser.parse_args()


def _use_database_of(folder: Path) -> None:
    """This process reads and stages what the demo shows, as `python -m demo manage` does."""
    places = Places(folder=folder)
    os.environ.update(demo_environment(places, places.last_ports()))
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # Playwright has a loop in this thread; nothing else runs in it
    import django

    django.setup()


def _drop_others(into: Path, taken: Sequence[Picture]) -> None:
    kept = {picture.file(look) for picture in taken if not picture.why_not for look in LOOKS}
    for path in into.glob("*.png"):
        if path.name not in kept:
            path.unlink()


def _index(taken: Sequence[Picture]) -> str:
    return "\n".join(_lines(taken)) + "\n"


def _lines(taken: Sequence[Picture]) -> Iterator[str]:
    yield "# Screenshots"
    yield ""
    yield "Every page with its sample data, taken by `make screenshots`. Long pages are cut off; the screen is shown smaller than it is."
    yield ""
    yield "| Page | Screen | Phone | Address |"
    yield "|---|---|---|---|"
    for picture in taken:
        if not picture.why_not:
            screen, phone = (
                " · ".join(f"[{scheme}]({picture.file(Look(width=width, scheme=scheme))})" for scheme in SCHEMES)
                for width in SIZES
            )
            yield f"| {picture.title.replace('|', '·')} | {screen} | {phone} | `{picture.path}` |"
    yield ""
    yield "## Not shown"
    yield ""
    yield "| Name of the address | Why |"
    yield "|---|---|"
    for picture in taken:
        if picture.why_not:
            yield f"| {picture.name} | {picture.why_not} |"


if __name__ == "__main__":
    main()
