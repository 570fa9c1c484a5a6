"""Whether what was started works, in words for the terminal; an empty text means that it does."""

import json
import time
import urllib.error
import urllib.request


def mailbox_trouble(address: str) -> str:
    status, answer = _ask(address)
    return "" if status == 200 else f"the mailbox {answer}"


def engine_trouble(address: str, *, since: float) -> str:
    """`since`: a reading of time.monotonic(). What an earlier run left due is no trouble of this start."""
    status, answer = _ask(address)
    if status not in (200, 503):
        return f"the site {answer}"
    try:
        seen = json.loads(answer)
        ages = {"clock": seen["beat_seen_seconds"], "worker": seen["worker_seen_seconds"]}
    except (ValueError, KeyError, TypeError):
        return f"the site says {answer}"
    silent = [name for name, age in ages.items() if age is None or age > time.monotonic() - since]
    return f"not seen yet: {' and '.join(silent)}" if silent else ""


def _ask(address: str) -> tuple[int, str]:
    """Status and text of the answer; status 0 when there is none."""
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(errors="replace")
    except OSError as error:
        return 0, f"does not answer ({error})"
