"""What a peer's own program does; starts when a line comes in, says when its rows are written and when it is done.

python -m bench.peers.drive people 4000             the recipients, once per database
python -m bench.peers.drive each                    a row and a task per recipient
python -m bench.peers.drive chunks 100              a row per recipient, a task per hundred
python -m bench.peers.drive post_office 2           queues all, then `send_queued_mail --processes 2`
"""

import os
import sys
import time
import uuid

import django

from .. import text

CHUNK = 1000


def people(count: str) -> None:
    from django.core.management import call_command

    from .models import Recipient

    call_command("migrate", run_syncdb=True, verbosity=0)
    rows = (text.person(number) for number in range(int(count)))
    people = (Recipient(name=name, organisation=organisation, email=email) for name, organisation, email in rows)
    Recipient.objects.bulk_create(people, batch_size=5000)


def each() -> None:
    from . import celery_app
    from .tasks import send_one

    celery_app.app.set_default()
    begin()
    ids = write_rows()
    for pk in ids:
        send_one.delay(pk)
    say("enqueued")


def chunks(size: str) -> None:
    from . import celery_app
    from .tasks import send_chunk

    celery_app.app.set_default()
    begin()
    ids = write_rows()
    for place in range(0, len(ids), int(size)):
        send_chunk.delay(ids[place : place + int(size)])
    say("enqueued")


def write_rows() -> list[int]:
    from .models import Mail, Recipient

    mails = [Mail(recipient_id=pk) for pk in Recipient.objects.order_by("pk").values_list("pk", flat=True)]
    Mail.objects.bulk_create(mails, batch_size=CHUNK)
    say("written")
    return [mail.pk for mail in mails]


def post_office(processes: str) -> None:
    """Rendered when queued, by templates that are kept: post_office's own would be compiled anew for each mail."""
    from django.core.management import call_command
    from post_office import mail

    from .letters import context, headers, letter, render
    from .models import Recipient

    begin()
    queue = []
    for recipient in Recipient.objects.order_by("pk").iterator(CHUNK):
        about = context(recipient, uuid.uuid4())
        queue.append(
            {
                "sender": letter()["sender"],
                "recipients": [recipient.email],
                "subject": render("subject", about),
                "message": render("text", about),
                "html_message": render("html", about),
                "headers": headers(about),
            }
        )
        if len(queue) == CHUNK:
            mail.send_many(queue)
            queue = []
    mail.send_many(queue)
    say("written")
    call_command("send_queued_mail", processes=int(processes), lockfile=os.environ["PEER_LOCK"])
    say("done")


def begin() -> None:
    say("ready")
    sys.stdin.readline()
    say("begun")


def say(what: str) -> None:
    print(what, time.time(), flush=True)


VERBS = {verb.__name__: verb for verb in (people, each, chunks, post_office)}

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench.peers.settings")
    django.setup()
    VERBS[sys.argv[1]](*sys.argv[2:])
