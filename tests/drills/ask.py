"""Answers for scene.py inside an installation: a line of JSON in ([verb, words, named words]), a line of JSON out."""

import json
import os
import sys

import django


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from django.db import connection

    from . import scene

    answers = sys.stdout
    sys.stdout = sys.stderr  # nothing else may come between the answers
    for line in sys.stdin:
        verb, words, named = json.loads(line)
        connection.close()  # a drill breaks the database's connections
        try:
            answer = {"answer": getattr(scene, verb)(*words, **named)}
        except Exception as error:  # whoever asked decides what it means
            answer = {"error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
