"""Every page of the demo as a picture, for docs/screenshots: light and dark, on a screen and on a phone.

make screenshots                                   all of them
make screenshots ARGS="--only rehears"             those whose name has this in it
make screenshots ARGS="--language fr --into var/fr"   as a French planner sees them
"""

import argparse
import itertools
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from .conftest import CHROMIUM, QUIET
from .pages_to_show import Shown
from .running import ROOT, running_demo
from .staging import end_pause, stage, to_show, use_database_of
from .visits import Visits

SIZES = (1440, 390)
SCHEMES = ("light", "dark")
TALLEST = {1440: 1600, 390: 1800}  # the rest of a long page is more of the same
KEPT_WIDTH = {1440: 900, 390: 390}
COLOURS = 40
LOWEST = 900
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
        use_database_of(Path(folder))
        scene = stage()
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
            album = Album(Visits(browser, demo, language=asked.language), asked.into)
            found = sorted(to_show(scene, language=asked.language), key=_is_of_any_time)
            of_the_pause = list(itertools.takewhile(lambda one: not _is_of_any_time(one), found))
            taken = album.take(of_the_pause, only=asked.only)
            end_pause(scene)
            taken = sorted(taken + album.take(found[len(of_the_pause) :], only=asked.only), key=lambda picture: picture.name)
            browser.close()
    if not asked.only:
        _drop_others(asked.into, taken)
        (asked.into / "README.md").write_text(_index(taken), encoding="utf-8")


def _is_of_any_time(found: Shown | str) -> bool:
    """But for those that need a campaign that is held back, of which every other page would speak, too."""
    return not (isinstance(found, Shown) and found.name.startswith(("delivery:resume", "delivery:release_updates")))


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

    def __init__(self, visits: Visits, into: Path) -> None:
        self.visits, self.into = visits, into

    def take(self, found: Iterable[Shown | str], *, only: str) -> list[Picture]:
        taken = []
        for one in found:
            if isinstance(one, Shown):
                if only in one.name:
                    taken.append(self._take(one))
            elif only in one:
                name, _colon, why = one.rpartition(": ")
                taken.append(Picture(name=name, path="", why_not=why))
        return sorted(taken, key=lambda picture: picture.name)

    def _take(self, shown: Shown) -> Picture:
        page = self.visits.open(shown)
        if isinstance(page, str):
            return Picture(name=shown.name, path=shown.path, why_not=page)
        picture = Picture(name=shown.name, path=shown.path, title=page.title().removesuffix(" | Preavis"))
        for look in LOOKS:
            (self.into / picture.file(look)).write_bytes(_small(_shot(page, look), look))
        return picture


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
