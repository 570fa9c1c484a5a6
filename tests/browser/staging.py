"""Which rows show each page best. `python -m tests.browser.staging FOLDER` stages the demo of that folder and prints the
pages to look at as JSON, by language; nobody is changed to it."""

import json
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import django

from demo.environment import demo_environment
from demo.places import Places

from .pages_to_show import Shown, pages_to_show


def use_database_of(folder: Path) -> None:
    """This process reads and stages what the demo shows, as `python -m demo manage` does."""
    places = Places(folder=folder)
    os.environ.update(demo_environment(places, places.last_ports()))
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # Playwright has a loop in this thread; nothing else runs in it
    django.setup()


def stage() -> Any:
    """Makes what the demo does not have by itself; see scenery.py."""
    from apps.accounts.models import User
    from demo.seed.base import USERNAME

    from .scenery import build

    return build(User.objects.get(username=USERNAME))


def end_pause(scene: Any) -> None:
    """Every page would speak of it."""
    from apps.delivery.clock import database_now

    from . import scenery

    scenery.end_pause(scene, now=database_now())


def to_show(scene: Any, *, language: str) -> Iterator[Shown | str]:
    """`language`: that of the recipients whose pages are shown."""
    from .filling import broken_pages, looks_of, recipients_pages, rows_of

    yield from pages_to_show(rows_of(scene), looks_of(scene, language=language))
    yield from recipients_pages(scene, language=language)
    yield from broken_pages(language=language)


def main(folder: Path) -> None:
    use_database_of(folder)
    scene = stage()
    found: Mapping[str, list[dict[str, Any]]] = {
        language: [asdict(shown) for shown in to_show(scene, language=language) if isinstance(shown, Shown)]
        for language in ("en", "fr")
    }
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
