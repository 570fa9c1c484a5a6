"""python -m demo.seed FOLDER: brings the database up to date and fills it; the other side is demo/preparation.py."""

import contextlib
import fcntl
import io
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import django

from demo.places import ROOT


def main(folder: Path) -> None:
    django.setup()
    from django.core.management import call_command
    from django.utils import timezone

    from . import story

    call_command("migrate", verbosity=0, interactive=False)
    with alone():
        call_command("collectstatic", verbosity=0, interactive=False)
    call_command("load_playbooks", verbosity=0, stdout=io.StringIO())
    planner = story.prepare(now=timezone.now())
    print("prepared", flush=True)
    if sys.stdin.readline():
        print(json.dumps(story.release(planner, folder=folder, now=timezone.now())), flush=True)


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Of all demos of this checkout: its static files have one folder, and two that fill it take each other's files away."""
    folder = os.open(ROOT, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
