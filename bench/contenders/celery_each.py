"""Celery with a task per message: what most projects begin with."""

from .peer import Peer


class CeleryEach(Peer):
    name = "celery-each"
    title = "Celery, a task per message"
    verb = ("each",)
