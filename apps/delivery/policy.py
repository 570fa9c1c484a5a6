"""What the engine decides: when to try again, what a doubt becomes, how urgent a batch is, when it has waited too long.

Pure: plain values in, a decision out; `now` is an argument and chance is a `random.Random` that the caller owns.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import accumulate
from math import ceil


class DeliveryReason(StrEnum):
    """Why a delivery is not simply sent; the sentences for people stand in reasons.py."""

    # waiting
    TRY_AGAIN = "try_again"  # refused for now, goes again later
    REPEATED = "repeated"  # its answer was lost; goes again under the same key
    CHANNEL_DOWN = "channel_down"  # the channel did not work, so nothing was tried for this one
    PACED = "paced"  # its channel takes only so many at a time; nothing was tried for this one
    TEXT_BROKEN = "text_broken"  # its text cannot be written for anybody; waits until it has been mended
    ENGINE_ERROR = "engine_error"  # the program failed before its turn came
    BY_HAND = "by_hand"  # a person asked for another attempt
    # left out; the last four are the words of audiences.SuppressionReason
    NO_ADDRESS = "no_address"
    ARCHIVED = "archived"  # the contact, since it was written; a correction goes all the same
    HARD_BOUNCE = "hard_bounce"
    COMPLAINT = "complaint"
    UNSUBSCRIBED = "unsubscribed"
    MANUAL = "manual"
    # failed
    REFUSED = "refused"  # for good, by the provider
    BAD_ADDRESS = "bad_address"  # the address does not exist
    ATTEMPTS_USED_UP = "attempts_used_up"
    CONTENT_ERROR = "content_error"  # the message could not be written for this recipient
    CRASHED = "crashed"  # worker after worker died while preparing it
    BOUNCED = "bounced"  # accepted, and came back
    NOT_ARRIVED = "not_arrived"  # a person found out that it did not
    # in doubt
    NO_ANSWER = "no_answer"  # handed over, and no answer was read
    WORKER_LOST = "worker_lost"  # the worker died, or its journal with it
    # unknown
    NO_EVIDENCE = "no_evidence"
    # expired
    PAST_USE = "past_use"
    QUIET_HOURS = "quiet_hours"
    PAUSED = "paused"  # a person had paused it until its use was over
    HALTED = "halted"  # the whole installation was halted until its use was over
    # superseded, cancelled
    WINDOW_CHANGED = "window_changed"
    WINDOW_CANCELLED = "window_cancelled"
    SKIPPED = "skipped"  # a person chose not to send it late


# Nothing of these has arrived, for certain, and trying again would not help. What our own text or program did wrong is
# mended and tried again instead; "rejected" and "provider_failed" are words of the provider's report (tracking).
DEFINITE_FAILURES: tuple[str, ...] = (
    DeliveryReason.REFUSED,
    DeliveryReason.BAD_ADDRESS,
    DeliveryReason.ATTEMPTS_USED_UP,
    DeliveryReason.BOUNCED,
    DeliveryReason.NOT_ARRIVED,
    "rejected",
    "provider_failed",
)
# Left out because there is no address that works: another channel may have one. Who asked not to be written to is left alone.
WITHOUT_ADDRESS: tuple[str, ...] = (DeliveryReason.NO_ADDRESS, DeliveryReason.HARD_BOUNCE)


# --- again, later ------------------------------------------------------------------------------------------------------

MOST_ATTEMPTS = 12  # of one message that is refused for now each time
BACK_OFF = tuple(timedelta(seconds=seconds) for seconds in (15, 60, 240, 900))
LONGEST_BACK_OFF = timedelta(minutes=30)
JITTER = 0.2  # up to so much later, so that those refused together do not all come back together
SOONEST = timedelta(seconds=5)


def retry_at(
    failures: int, *, now: datetime, useful_until: datetime, chance: random.Random, retry_after: timedelta | None = None
) -> datetime | None:
    """When to try again after the n-th failure (from 1); None: not while it is of use.

    The provider's own wish (`retry_after`) is kept to. A pause that would outlast the usefulness is halved into what
    is left, so that the last attempt still comes in time.
    """
    pause = BACK_OFF[failures - 1] if failures <= len(BACK_OFF) else LONGEST_BACK_OFF
    pause = max(pause, retry_after or timedelta(0))
    left = useful_until - now
    if pause >= left:
        pause = max(left / 2, retry_after or timedelta(0))
    pause = min(pause * (1 + JITTER * chance.random()), left)
    return now + pause if SOONEST <= pause < left else None


# --- in doubt ----------------------------------------------------------------------------------------------------------

EVIDENCE_WAIT = timedelta(minutes=15)
MOST_REPEATS = 3  # hand-overs of one message that ended without an answer


class Doubt(StrEnum):
    WAIT = "wait"  # evidence may still come
    REPEAT = "repeat"  # the same message again, under the same key
    GIVE_UP = "give_up"  # unknown for good


class AfterDoubt(StrEnum):
    WAIT = "wait"  # never again by itself
    REPEAT = "repeat"  # again at once
    WAIT_REPEAT = "wait_repeat"  # once more when no evidence came


@dataclass(frozen=True, kw_only=True)
class DoubtPolicy:
    """What a channel does about a lost answer; `wait`: how long for evidence, counted from the hand-over."""

    then: AfterDoubt
    wait: timedelta = EVIDENCE_WAIT


def doubt_policy(*, kind: str, urgency: str, is_idempotent: bool, chosen: str = "", wait: timedelta | None = None) -> DoubtPolicy:
    """What was chosen for the channel (`AfterDoubt`; empty: nothing), else what is usual for its kind.

    An SMS never goes twice by itself, whatever was chosen. Chat posts and webhooks go at least once, under a constant
    id. Losing an urgent e-mail is worse than repeating it: mail programs drop a second one with the same Message-ID and
    Date. Any other e-mail waits for evidence.
    """
    goes_again = kind in ("chat", "webhook") or is_idempotent or (urgency == "urgent" and kind in ("email", "memory"))
    usual = AfterDoubt.REPEAT if goes_again else AfterDoubt.WAIT
    then = AfterDoubt.WAIT if kind == "sms" else AfterDoubt(chosen or usual)
    return DoubtPolicy(then=then, wait=EVIDENCE_WAIT if wait is None else wait)


def resolve_doubt(channel: DoubtPolicy, *, age: timedelta, attempts: int, may_leave: bool) -> Doubt:
    """What becomes of a message whose answer was lost `age` ago (reference: RFC 1047).

    `may_leave`: its touchpoint is open, unchanged and of use.
    """
    if channel.then is AfterDoubt.REPEAT and may_leave and attempts < MOST_REPEATS:
        return Doubt.REPEAT
    if age < channel.wait:
        return Doubt.WAIT
    goes_once_more = channel.then is AfterDoubt.WAIT_REPEAT and attempts < 2
    return Doubt.REPEAT if goes_once_more and may_leave else Doubt.GIVE_UP


def after_doubt(
    channel: DoubtPolicy, *, sent_at: datetime, attempts: int, may_leave: bool, useful_until: datetime | None, now: datetime
) -> tuple[Doubt, datetime]:
    """What `resolve_doubt` is going to say of a message handed over at `sent_at`, and when, if nothing comes before."""
    if resolve_doubt(channel, age=now - sent_at, attempts=attempts, may_leave=may_leave) is Doubt.REPEAT:
        return Doubt.REPEAT, now
    at = max(sent_at + channel.wait, now)
    is_of_use = may_leave and useful_until is not None and at < useful_until
    return resolve_doubt(channel, age=at - sent_at, attempts=attempts, may_leave=is_of_use), at


FIRST_LOOK_UP = timedelta(seconds=30)  # a provider's list may lag behind


def next_look_up(times: int) -> timedelta:
    """How long after the hand-over a provider that was asked `times` times is asked again: twice as late each time."""
    factor: int = 2 ** min(times, 12)
    return FIRST_LOOK_UP * factor


# --- first things first ------------------------------------------------------------------------------------------------

URGENT = 0
URGENT_PRIORITIES = range(3)  # what the urgent queue takes


def priority(*, urgency: str, useful_for: timedelta) -> int:
    """0 goes first. Among routine messages the shorter-lived comes before the one that can wait."""
    if urgency == "urgent":
        return URGENT
    if useful_for <= timedelta(hours=1):
        return 2
    return 5 if useful_for <= timedelta(hours=6) else 7


# --- how many at once --------------------------------------------------------------------------------------------------

LARGEST = 4  # times the usual size
SHARE = 5  # a batch has no more than one in so many of the people that are written by then
SHARE_OF_THE_REST = 3  # nor, at the end, than one in so many of those that are left


def batch_weights(messages: int, *, usual: int, is_paced: bool, written: int = 0, has_more: bool = False) -> list[int]:
    """The batches for so many messages, in the order in which they leave: how many parts each has. All parts are alike, and have
    the `usual` size at most.

    Claiming and settling a batch costs nearly the same for few as for many, so that those of a large touchpoint have up to
    LARGEST parts; those of a small one stay small, so that each of several workers gets some, and little is in doubt should one be
    killed without a journal. Towards the end they shrink, so that several workers end together. Those of a paced channel stay small:
    what it does not let through during one claim has to be dealt out anew. Of a touchpoint that is written in portions, so many
    are `written` already, and others may come behind these (`has_more`).
    """
    left, weights = ceil(messages / usual), list[int]()
    largest = 1 if is_paced else min(LARGEST, (left + ceil(written / usual)) // SHARE)
    while left:
        most = left if has_more else left // SHARE_OF_THE_REST
        weights.append(max(1, min(most, largest, left)))
        left -= weights[-1]
    return weights


FIRST_PORTION = 5  # batches of the usual size
SECOND_PORTION = 20
LARGEST_PORTION = 100
GROWTH = 4  # so many are written about as fast as one is sent
PORTION_SIGN_OF_LIFE = timedelta(seconds=5)  # each portion takes a fraction of that


def portion_size(written: int | None, *, usual: int) -> int:
    """For how many people deliveries are written in one transaction, where so many are `written` already; None: it is the first.

    Those of one portion leave while the next is written. The first are few, so that the first message leaves soon; the others
    are as many as can be written meanwhile, since each portion takes its look around who is to be written to anew.
    """
    if written is None:
        return FIRST_PORTION * usual
    return max(SECOND_PORTION * usual, min(GROWTH * written, LARGEST_PORTION * usual))


# --- what has waited too long -----------------------------------------------------------------------------------------

LAST_SHARE = 0.9  # of what is left of its use; what is spread has all begun by then


def spread(weights: Sequence[int], *, over: timedelta, now: datetime, useful_until: datetime) -> list[datetime]:
    """Times for batches of these weights, the first at once, each other when those before it have had their share of `over`;
    all while it is of use."""
    over = min(over, (useful_until - now) * LAST_SHARE)
    return [now + over * before / max(1, sum(weights)) for before in accumulate(weights[:-1], initial=0)]


# --- a database that is not where, or when, it was --------------------------------------------------------------------


class Halt(StrEnum):
    """Why nothing leaves until a person has decided; the sentences for people stand in halts.py."""

    MOVED = "moved"  # it lives elsewhere than when its clock last beat
    ROLLED_BACK = "rolled_back"  # outside the database more beats are known than inside
    UNWITNESSED = "unwitnessed"  # silent for long, something is overdue, and nothing outside shows that it was merely off
    COPY = "copy"  # a person said so: this one never sends


LONGEST_SILENCE = timedelta(minutes=10)
BEATS_APART = 10  # what is kept outside by one of several clocks may lag so far


def judge(*, is_at_home: bool, beats: int, witnessed: int | None, silence: timedelta, is_overdue: bool) -> Halt | None:
    """Whether a database whose clock beat last so long ago may go on by itself. `witnessed`: the beats known outside."""
    if not is_at_home:
        return Halt.MOVED
    if witnessed is not None and witnessed > beats:
        return Halt.ROLLED_BACK
    was_off = witnessed is not None and witnessed >= beats - BEATS_APART
    if silence > LONGEST_SILENCE and is_overdue and not was_off:
        return Halt.UNWITNESSED
    return None
