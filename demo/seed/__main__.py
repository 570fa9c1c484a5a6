"""python -m demo.seed FOLDER: brings the database up to date, fills it, and prints what is worth telling as JSON."""

import io
import json
import sys
from pathlib import Path

import django


def main(folder: Path) -> None:
    django.setup()
    from django.core.management import call_command
    from django.utils import timezone

    from .story import tell

    call_command("migrate", verbosity=0, interactive=False)
    call_command("collectstatic", verbosity=0, interactive=False)
    call_command("load_playbooks", verbosity=0, stdout=io.StringIO())
    print(json.dumps(tell(folder=folder, now=timezone.now())))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
