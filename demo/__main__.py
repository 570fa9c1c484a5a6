"""The demo, or with `manage` a command of manage.py on the demo's own database: `python -m demo manage verify`."""

import os
import sys
import time
from pathlib import Path

from .environment import demo_environment
from .places import ROOT, Places
from .supervisor import Supervisor


def main(arguments: list[str]) -> int:
    places = Places(folder=Path(os.environ.get("DEMO_DIR") or ROOT / "var" / "demo").resolve())
    if arguments[:1] == ["manage"]:
        places.make()
        os.environ.update(demo_environment(places, places.last_ports()))
        from django.core.management import execute_from_command_line

        execute_from_command_line(["manage.py", *arguments[1:]])
        return 0
    if arguments:
        print(__doc__, file=sys.stderr)
        return 2
    return Supervisor(places, began=float(os.environ.get("DEMO_BEGAN", time.time()))).run()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
