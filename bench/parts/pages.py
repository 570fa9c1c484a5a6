"""What the web side costs: each is a program of its own in bench/, run as people run it."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from ..contenders import Place
from ..results import number, table
from ..servers import ROOT, Missing


def pixel(place: Place) -> dict[str, Any]:
    if shutil.which("wrk") is None:
        raise Missing("wrk was not found, which asks for the pixel. On Debian: apt install wrk.")
    return _figures(place, "pixel.py", "10", str(place.workers))


def feed(place: Place) -> dict[str, Any]:
    return _figures(place, "feed.py", "2000")


def dashboard(place: Place) -> dict[str, Any]:
    return _figures(place, "dashboard.py", "20000", "9")


def admin(place: Place) -> dict[str, Any]:
    return _figures(place, "admin.py", "7")


def show_pixel(figures: dict[str, Any]) -> str:
    rows = [[number(figures["per_second"]), *(f"{figures[name]:.1f} ms" for name in ("p50_ms", "p99_ms"))]]
    return table(["pixels per second", "p50", "p99"], rows)


def show_feed(figures: dict[str, Any]) -> str:
    names = {
        "unchanged_ms": "unchanged: 304",
        "full_ms": "200, unchanged",
        "changed_ms": "200, after one change",
        "new_process_ms": "200, new process",
        "first_ms": "200, first rendered by anybody",
        "team_unchanged_ms": "unchanged: 304, with meetings",
    }
    rows = [[title, f"{figures[name]:.1f} ms"] for name, title in names.items() if name in figures]
    return table([f"feed of {figures['windows']:,} windows", "time"], rows)


def show_dashboard(figures: dict[str, Any]) -> str:
    rows = [
        [name, f"{row['median_ms']:.0f} ms", f"{row['max_ms']:.0f} ms", str(row["queries"])]
        for name, row in figures["pages"].items()
    ]
    return table([f"page, {figures['deliveries']:,} deliveries", "median", "worst", "queries"], rows)


def show_admin(figures: dict[str, Any]) -> str:
    rows = [
        [name, f"{page['median_ms']:.0f} ms", f"{page['max_ms']:.0f} ms", str(page["queries"])]
        for name, page in figures["pages"].items()
    ]
    title = f"page, {figures['contacts']:,} contacts, {figures['windows']:,} windows, {figures['deliveries']:,} deliveries"
    return table([title, "median", "worst", "queries"], rows)


PAGES: dict[str, tuple[Callable[[Place], dict[str, Any]], Callable[[dict[str, Any]], str]]] = {
    "pixel": (pixel, show_pixel),
    "feed": (feed, show_feed),
    "dashboard": (dashboard, show_dashboard),
    "admin": (admin, show_admin),
}


def _figures(place: Place, program: str, *words: str) -> dict[str, Any]:
    file = place.folder / f"{program}.json"
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    env = kept | {"DATABASE_URL": place.databases.url("preavis_bench_web")}  # Django makes test_preavis_bench_web and drops it
    command = [sys.executable, f"bench/{program}", *words, "--json", str(file)]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{program}: {done.stdout}\n{done.stderr}")
    print(done.stdout, flush=True)
    figures: dict[str, Any] = json.loads(file.read_text())
    return figures
