"""What a mail server can do to us, each fault on a server and a channel of its own, all at the same time.

The table of docs/channels.md says what has to follow; here it is held to a server.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from .drill import Run, drill
from .sink import Fault, Sink

PATIENCE_SECONDS = 25.0  # less than any fault holds its own channel up


def _some(address: str) -> bool:
    """Every third recipient."""
    return int(address.partition("@")[0].rpartition("-")[2]) % 3 == 1


def _first(address: str) -> bool:
    return address.partition("@")[0].endswith("-0")


def _one(address: str) -> bool:
    return address.partition("@")[0].endswith("-3")


@dataclass(frozen=True, kw_only=True)
class Case:
    """`expect`: how many of so many people end in which state; what is not named there is sent, once.

    `arrives`: whether those of `expect` have received the message all the same. `again`: at least so many messages were
    tried more than once.
    """

    name: str
    faults: Callable[[], list[Fault]]
    expect: Callable[[Sequence[str]], dict[str, Sequence[str]]] = lambda addresses: {}
    arrives: bool = False
    again: int = 0
    urgency: str = "routine"
    repeats: int = 0  # messages that may be received twice, because the policy repeats an urgent e-mail
    is_slow: bool = False  # takes minutes: full form only
    refuses_at_first: bool = False
    useful_hours: float = 6.0
    is_long: bool = False  # the message does not fit into the buffers between us


def _all_in(state: str, who: Callable[[str], bool]) -> Callable[[Sequence[str]], dict[str, Sequence[str]]]:
    return lambda addresses: {state: [address for address in addresses if who(address)]}


CASES = (
    Case(name="refuses connections", faults=list, refuses_at_first=True),
    Case(name="421 greets", faults=lambda: [Fault(step="greeting", reply="421 4.3.2 Not now", times=1)]),
    Case(name="421 amid a batch", faults=lambda: [Fault(step="mail", reply="421 4.7.0 Too many", skip=3, times=1)]),
    Case(
        name="421 closes each connection after its greeting, for ever",
        faults=lambda: [Fault(step="ehlo", reply="421 4.3.2 No")],
        expect=_all_in("expired", bool),
        useful_hours=20 / 3600,
    ),
    Case(
        name="451 to some, once (greylisting)",
        again=6,
        faults=lambda: [Fault(step="rcpt", reply="451 4.7.1 Try again", who=_some, times=1)],
    ),
    Case(
        name="451 to some after the dot, once",
        again=6,
        faults=lambda: [Fault(step="dot", reply="451 4.3.0 Try again", who=_some, times=1)],
    ),
    Case(
        name="550 to some",
        faults=lambda: [Fault(step="rcpt", reply="550 5.1.1 No such user", who=_some)],
        expect=_all_in("failed", _some),
    ),
    Case(
        name="554 to some after the dot",
        faults=lambda: [Fault(step="dot", reply="554 5.7.1 Spam", who=_some)],
        expect=_all_in("failed", _some),
    ),
    Case(name="reset amid a long message", is_long=True, faults=lambda: [Fault(step="body", then="reset", who=_first, times=1)]),
    Case(
        name="reset before the dot is read, though a short message was written whole",
        faults=lambda: [Fault(step="body", then="reset", who=_one, times=1)],
        expect=_all_in("in_doubt", _one),
    ),
    Case(name="reset at DATA, once each", faults=lambda: [Fault(step="data", then="reset", who=_some, times=1)]),
    Case(
        name="reset after the dot",
        faults=lambda: [Fault(step="dot", then="reset", who=_one, times=1)],
        expect=_all_in("in_doubt", _one),
        arrives=True,
    ),
    Case(
        name="reset after the dot, urgent",
        faults=lambda: [Fault(step="dot", then="reset", who=_one, times=1)],
        urgency="urgent",
        again=1,
        repeats=1,
    ),
    Case(name="silent at MAIL, once", faults=lambda: [Fault(step="mail", then="silence", skip=3, times=1)]),
    Case(name="drips its reply to MAIL, once", faults=lambda: [Fault(step="mail", then="drip", seconds=4, skip=3, times=1)]),
    Case(name="silent at the greeting, once", faults=lambda: [Fault(step="greeting", then="silence", times=1)]),
    Case(name="slow", faults=lambda: [Fault(step="dot", seconds=0.3)]),
    Case(
        name="silent after the dot",
        faults=lambda: [Fault(step="dot", then="silence", who=_one, times=1)],
        expect=_all_in("in_doubt", _one),
        arrives=True,
        is_slow=True,
    ),
    Case(
        name="drips its reply to the dot",
        faults=lambda: [Fault(step="dot", then="drip", seconds=30, who=_one, times=1)],
        expect=_all_in("in_doubt", _one),
        arrives=True,
        is_slow=True,
    ),
)


@drill(
    "smtp-faults",
    promise="Whatever a mail server does, what follows is what docs/channels.md says: refused for now goes again, refused for good "
    "fails with its reason, lost before the final dot goes again, lost after it is in doubt; never lost, never twice, and no "
    "fault reaches another channel.",
    small={"people": 18, "slow": False},
    full={"people": 180, "slow": True},
)
def faults(run: Run) -> None:
    stage = run.stage
    cases = [case for case in CASES if run.size.slow or not case.is_slow]
    stage.beat()
    stage.worker(processes=len(cases) + 1)
    healthy = run.touchpoint(1)
    run.wait_for(1)  # the parts are up
    with ExitStack() as stack:
        sinks = [stack.enter_context(Sink(faults=case.faults(), is_narrow=case.is_long)) for case in cases]
        scenes = []
        for case, sink in zip(cases, sinks, strict=True):
            if case.refuses_at_first:
                sink.refuse()
            key = "long" if case.is_long else "announce"
            fields = {"port": sink.port, "urgency": case.urgency, "useful_hours": case.useful_hours, "content_key": key}
            scenes.append(run.touchpoint(**fields))
        undisturbed = run.touchpoint()
        run.wait_settled(undisturbed)
        verdict = run.judge(undisturbed, doubts=0, name="another channel: ")
        run.hold(
            (verdict.last_after or 999) < PATIENCE_SECONDS * run.leeway,
            f"Another channel's messages took {verdict.last_after} s.",
        )
        for case, sink in zip(cases, sinks, strict=True):
            if case.refuses_at_first:
                sink.listen()
        run.wait_settled(healthy, *scenes, quiet=330 if run.size.slow else 120)
        for case, sink, scene in zip(cases, sinks, scenes, strict=True):
            _judge(run, case, sink, scene)
    run.injected["faults"] = [case.name for case in cases]


def _judge(run: Run, case: Case, sink: Sink, scene: dict[str, Any]) -> None:
    ledger = run.stage.scene("ledger", scene["touchpoints"])
    addresses = [row["address"] for row in ledger]
    wanted = {address: state for state, some in case.expect(addresses).items() for address in some}
    odd = [
        f"{row['address']} is {row['state']} ({row['reason']})"
        for row in ledger
        if row["state"] != wanted.get(row["address"], "sent")
    ]
    run.hold(not odd, f"{case.name}: {', '.join(odd[:5])}")
    times = Counter(note.recipient for note in sink.received)
    due = {address: int(case.arrives) if address in wanted else 1 for address in addresses}
    strange = [address for address in addresses if times[address] != due[address]]
    run.hold(len(strange) <= case.repeats, f"{case.name}: received { ({address: times[address] for address in strange[:5]}) }")
    tried_again = sum(row["attempts"] > 1 for row in ledger)
    run.hold(tried_again >= case.again, f"{case.name}: only {tried_again} were tried again")
    run.judge(scene, received=sink.received, doubts=None, name=f"{case.name}: ")
