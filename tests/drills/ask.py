"""Runs a function of scene.py inside an installation and answers in JSON.

python -m tests.drills.ask campaign 300     a touchpoint to so many people, due now
python -m tests.drills.ask ledger           how many deliveries are in which state
"""

import json
import os
import sys

import django


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from . import scene

    verb, *words = sys.argv[1:]
    json.dump(getattr(scene, verb)(*words), sys.stdout)


if __name__ == "__main__":
    main()
