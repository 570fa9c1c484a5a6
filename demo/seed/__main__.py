"""python -m demo.seed FOLDER: brings the database up to date and fills it; the other side is demo/preparation.py."""

import io
import json
import sys
from pathlib import Path

import django


def main(folder: Path) -> None:
    django.setup()
    from django.core.management import call_command
    from django.utils import timezone

    from . import story

    call_command("migrate", verbosity=0, interactive=False)
    call_command("collectstatic", verbosity=0, interactive=False)
    call_command("load_playbooks", verbosity=0, stdout=io.StringIO())
    planner = story.prepare(now=timezone.now())
    print("prepared", flush=True)
    if sys.stdin.readline():
        print(json.dumps(story.release(planner, folder=folder, now=timezone.now())), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
