"""One page of all that was measured, made of the JSON file."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import goals
from .parts import lateness, pages, slow, throughput, weigh

BEGIN, END = "<!-- results: written by `python -m bench publish` -->", "<!-- end of results -->"

SECTIONS: dict[str, tuple[str, Callable[[dict[str, Any]], str]]] = {
    "weigh": ("What is sent", weigh.show),
    "slow": ("W with a slow server", slow.show),
    "lateness": ("Lateness", lateness.show),
    "pixel": ("Open pixel", pages.show_pixel),
    "feed": ("Calendar feed", pages.show_feed),
    "dashboard": ("Dashboard", pages.show_dashboard),
    "admin": ("Admin", pages.show_admin),
}


def report(path: Path) -> str:
    kept: dict[str, Any] = json.loads(path.read_text())
    found = [section for name, figures in kept.items() if (section := _section(name, figures))]
    return "\n\n".join([_machine(kept), goals.show(kept), *found])


def write_into(readme: Path, text: str) -> None:
    whole = re.compile(f"{re.escape(BEGIN)}.*?{re.escape(END)}", re.DOTALL)
    readme.write_text(whole.sub(lambda _found: f"{BEGIN}\n\n{text}\n\n{END}", readme.read_text()))


def _section(name: str, figures: dict[str, Any]) -> str:
    if name.startswith("throughput-"):
        return f"### W: {int(name.partition('-')[2]):,} recipients\n\n{throughput.show(figures)}"
    if name not in SECTIONS:
        return ""
    title, show = SECTIONS[name]
    return f"### {title}\n\n{show(figures)}"


def _machine(kept: dict[str, Any]) -> str:
    about = list(kept.values())[-1]["machine"]
    revisions = sorted({figures["machine"]["revision"] for figures in kept.values()})
    load = max(figures["machine"]["load_before"] for figures in kept.values())
    packages = ", ".join(f"{name} {version}" for name, version in about["packages"].items())
    return (
        f"{about['cores']} cores ({about['processor']}), {about['memory_gib']} GiB, {about['system']}, Python {about['python']}, "
        f"PostgreSQL {about['postgresql']}, {about['redis']}, {packages}. Measured {about['at'][:10]} at {', '.join(revisions)}; "
        f"load before a part began: {load:.1f} at most."
    )
