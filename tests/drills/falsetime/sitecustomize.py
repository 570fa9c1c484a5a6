"""Loaded at start by processes under libfaketime that are shown the true monotonic clock: there clock_nanosleep, with
which Python sleeps, does not work."""

import select
import time


def _sleep(seconds: float) -> None:
    if seconds < 0:
        raise ValueError("sleep length must be non-negative")
    select.select([], [], [], seconds)


time.sleep = _sleep
