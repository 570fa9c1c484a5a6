import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.utils import timezone

from apps.tracking.inbox.letters import LARGEST_MESSAGE, take_in

# Of sysexits.h: what a mail server understands from a pipe.
TEMPORARY_FAILURE, BAD_DATA = 75, 65


class Command(BaseCommand):
    help = "Takes in one message from standard input: for the pipe of a mail server. See docs/inbox.md."

    def handle(self, **_: Any) -> None:
        content = sys.stdin.buffer.read(LARGEST_MESSAGE + 1)
        if len(content) > LARGEST_MESSAGE:
            raise CommandError(f"The message has more than {LARGEST_MESSAGE:,} bytes.", returncode=BAD_DATA)
        try:
            taken = take_in(content, source="pipe", now=timezone.now())
        except DatabaseError as error:
            raise CommandError(f"The database does not answer: {error}", returncode=TEMPORARY_FAILURE) from error
        for problem in taken.problems:
            self.stderr.write(problem)
        if taken.is_repeat:
            self.stdout.write("This message was taken in before.")
        else:
            self.stdout.write(f"{taken.replies} replies, {taken.notices} notices, {taken.others} other calendars.")
