"""Celery with a task and a connection per hundred messages: what a careful project ends with."""

from .peer import Peer


class CeleryChunks(Peer):
    name = "celery-chunks"
    title = "Celery, a connection per 100"
    verb = ("chunks", "100")
