"""Going through the mailbox: one poller at a time, message by message, each marked once it has taken effect."""

import logging
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import redis
from django.conf import settings
from django.core.cache import cache
from redis.lock import Lock

from apps.common.redis import redis_client, redis_key

from .letters import LARGEST_MESSAGE, take_in
from .mailbox import Mailbox, MailboxError, MailboxSettings, Security, open_mailbox

logger = logging.getLogger(__name__)

LOOKS_BACK = timedelta(days=30)  # older mail without our mark was there before us
LOCK_SECONDS = 120
LONGEST_SECONDS = 240  # below the soft limit of a task; the next poll goes on
STATE_KEY = "inbox:state"


@dataclass(kw_only=True)
class Polled:
    messages: int = 0
    replies: int = 0
    notices: int = 0
    repeats: int = 0
    left: int = 0  # nothing in them was ours


def mailbox_settings() -> MailboxSettings | None:
    """None where no mailbox is named."""
    if not settings.INBOX_HOST:
        return None
    return MailboxSettings(
        host=settings.INBOX_HOST,
        port=settings.INBOX_PORT,
        user=settings.INBOX_USER,
        password=settings.INBOX_PASSWORD,
        folder=settings.INBOX_FOLDER,
        security=Security(settings.INBOX_SECURITY),
    )


def poll(*, clock: Callable[[], datetime], context: ssl.SSLContext | None = None) -> Polled | None:
    """None where no mailbox is named, another poller is at work, or the mailbox cannot be read, which is noted."""
    found = mailbox_settings()
    lock = redis_client().lock(redis_key("inbox", "polling"), timeout=LOCK_SECONDS, blocking=False)
    if found is None or not lock.acquire():
        return None
    polled, problem = Polled(), ""
    try:
        with open_mailbox(found, context=context) as mailbox:
            _go_through(mailbox, polled, lock, clock=clock)
    except MailboxError as error:
        problem = str(error)
        logger.warning("The inbox cannot be read: %s", problem)
    finally:
        _note_state(clock(), problem)
        try:
            lock.release()
        except redis.exceptions.LockError:
            logger.info("Another poller has taken over the inbox.")
    return None if problem else polled


def last_state() -> dict[str, str]:
    """When the mailbox was last looked at, and why it could not be read: `at` and `problem`, empty while nothing is known."""
    try:
        return dict(cache.get(STATE_KEY) or {})
    except redis.RedisError:
        return {}


def _note_state(now: datetime, problem: str) -> None:
    try:
        cache.set(STATE_KEY, {"at": now.isoformat(), "problem": problem[:300]}, timeout=86_400)
    except redis.RedisError:
        logger.info("The cache does not answer: when the inbox was looked at is not kept.")


def _go_through(mailbox: Mailbox, polled: Polled, lock: Lock, *, clock: Callable[[], datetime]) -> None:
    ends_at = time.monotonic() + LONGEST_SECONDS
    for uid in mailbox.new_messages(since=(clock() - LOOKS_BACK).date()):
        if time.monotonic() > ends_at or not _still_ours(lock):
            return
        _take(mailbox, uid, polled, now=clock())


def _still_ours(lock: Lock) -> bool:
    try:
        return bool(lock.reacquire())
    except redis.exceptions.LockError:
        return False


def _take(mailbox: Mailbox, uid: str, polled: Polled, *, now: datetime) -> None:
    if mailbox.size_of(uid) > LARGEST_MESSAGE:
        logger.warning("Message %s of the inbox is too large; it was flagged for a person.", uid)
        mailbox.mark(uid, is_ours=False, needs_a_person=True)
        return
    content = mailbox.content_of(uid)
    if content is None:  # somebody has moved or deleted it
        return
    taken = take_in(content, source="imap", now=now)
    mailbox.mark(uid, is_ours=taken.is_ours, needs_a_person=bool(taken.problems))
    polled.messages += 1
    if taken.is_repeat:
        polled.repeats += 1
        return
    polled.replies += taken.replies
    polled.notices += taken.notices
    polled.left += not taken.is_ours
