"""Compares what recipients have (the sink's notes) with what the ledger says of them."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from .sink import Received

EXPLAINED = ("failed", "suppressed", "expired", "superseded", "cancelled")
DOUBTFUL = ("in_doubt", "unknown")
SHOWN = 5


@dataclass(kw_only=True)
class Verdict:
    """Lists hold addresses. What is not named here is as it should be."""

    people: int
    received: int = 0  # messages, each counted once
    lost: list[str] = field(default_factory=list)  # not received, and no state with a reason says why
    doubled: list[str] = field(default_factory=list)
    repeated: int = 0  # again under the same Message-ID, as the policy wants after an answer was lost
    denied: list[str] = field(default_factory=list)  # received, although the ledger says that it never left
    stray: list[str] = field(default_factory=list)  # received, and not in the ledger at all
    in_doubt: int = 0  # in doubt or unknown at the end
    doubts: int = 0  # ever
    arrived_in_doubt: int = 0  # of those in doubt at the end
    states: dict[str, int] = field(default_factory=dict)
    first_after: float | None = None  # seconds from the due time to the first message
    last_after: float | None = None

    def summary(self) -> dict[str, Any]:
        """Plain figures; of those at fault some examples, too."""
        found: dict[str, Any] = {}
        for name, value in vars(self).items():
            if isinstance(value, list):
                found[name] = len(value)
                found |= {f"{name}_examples": value[:SHOWN]} if value else {}
            else:
                found[name] = round(value, 3) if isinstance(value, float) else value
        return found


def add(total: dict[str, Any], found: dict[str, Any]) -> dict[str, Any]:
    """Two summaries as one: counts add up, and of times the worse one counts."""
    joined = dict(total)
    for name, value in found.items():
        before = total.get(name)
        if before is None or value is None:
            joined[name] = value if before is None else before
        elif isinstance(value, dict):
            joined[name] = dict(Counter(before) + Counter(value))
        elif name.endswith("_after"):
            joined[name] = max(before, value)
        else:
            joined[name] = before + value
    return joined


def judge(received: Iterable[Received], ledger: Sequence[dict[str, Any]], *, people: int, due_at: float) -> Verdict:
    """`people`: how many there are to write to. Messages to others than the ledger's addresses are none of its business."""
    addresses = {row["address"] for row in ledger}
    notes = [note for note in received if note.recipient in addresses]
    counts = Counter((note.recipient, note.key) for note in notes)
    verdict = Verdict(people=people, received=len(counts), states=dict(Counter(row["state"] for row in ledger)))
    verdict.lost = ["(not in the ledger)"] * (people - len(addresses))
    for row in ledger:
        _judge_row(verdict, row, counts.pop((row["address"], row["token"]), 0))
    verdict.stray = sorted(address for address, _key in counts)
    told = Counter((row["touchpoint_id"], row["address"]) for row in ledger if row.get("was_received"))
    verdict.doubled += sorted(address for (_touchpoint, address), times in told.items() if times > 1)
    if notes:
        verdict.first_after = min(note.at for note in notes) - due_at
        verdict.last_after = max(note.at for note in notes) - due_at
    return verdict


def _judge_row(verdict: Verdict, row: dict[str, Any], times: int) -> None:
    address, state, doubts = row["address"], row["state"], row["doubts"]
    row["was_received"] = times > 0
    verdict.doubts += doubts
    if state in DOUBTFUL:
        verdict.in_doubt += 1
        verdict.arrived_in_doubt += times > 0
    if times > 1:
        # Each answer that was lost allows one repeat; a doubt that stands was not followed by one.
        allowed = 1 + doubts - (state in DOUBTFUL)
        verdict.repeated += min(times, allowed) - 1
        if times > allowed:
            verdict.doubled.append(address)
    if times == 0 and state not in (*EXPLAINED, *DOUBTFUL):
        verdict.lost.append(address)
    if times > 0 and state in EXPLAINED and not doubts:
        verdict.denied.append(address)
