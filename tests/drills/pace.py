"""The pace of a channel over several workers, with and without Redis, and providers that are away."""

import itertools
import time
from bisect import bisect_left

from .drill import Run, drill
from .sink import Received, Sink

PACE = 14.0
TOLERANCE = 0.05
PROCESSES = 2


def _rate(received: list[Received]) -> float:
    """Messages per second from the first to the last."""
    times = sorted(message.at for message in received)
    return (len(times) - 1) / (times[-1] - times[0])


def _busiest_second(received: list[Received]) -> int:
    times = sorted(message.at for message in received)
    return max(bisect_left(times, at + 1.0) - place for place, at in enumerate(times))


def _work(run: Run) -> None:
    run.stage.beat()
    run.stage.worker(processes=PROCESSES)


def _hold_rate(run: Run, received: list[Received], name: str, *, at_least: float = 1 - TOLERANCE) -> None:
    """`at_least`: how much of the pace; more than the pace is what a bucket keeps for a second, and no more."""
    rate = _rate(received)
    most = PACE * (1 + TOLERANCE) + PACE * rate / len(received)
    run.measured |= {name: round(rate, 2), f"{name}, busiest second": _busiest_second(received)}
    run.hold(at_least * PACE / run.leeway <= rate <= most, f"{name}: {rate:.2f} messages a second, and the pace is {PACE:g}.")


@drill(
    "pace-of-two-workers",
    promise="Two workers together keep the pace of a channel, with Redis and without it.",
    small={"people": 120},
    full={"people": 840},
)
def pace_of_two_workers(run: Run) -> None:
    _work(run)
    scene = run.touchpoint(pace=PACE)
    run.wait_settled(scene)
    run.judge(scene)
    _hold_rate(run, list(run.stage.sink.received), "with Redis")


@drill(
    "pace-without-redis",
    promise="With Redis gone amid the sending the pace holds.",
    small={"people": 200},
    full={"people": 840},
)
def pace_without_redis(run: Run) -> None:
    _work(run)
    scene = run.touchpoint(pace=PACE)
    run.wait_for(run.size.people // 4)
    run.stage.redis.kill()
    since = run.received()
    try:
        run.wait_settled(scene)
    finally:
        run.stage.redis.start()
    run.judge(scene)
    gone = run.stage.sink.received[since:]
    steady = gone[len(gone) // 3 :]  # the clock takes over within 5 s
    _hold_rate(run, steady, "without Redis")


@drill(
    "slow-beside-quick",
    promise="While slow channels take all the time in the world, another leaves at once, and they stay near their pace.",
    small={"people": 150},
    full={"people": 400},
)
def slow_beside_quick(run: Run) -> None:
    with Sink() as one, Sink() as other:
        _work(run)
        slow = [run.touchpoint(port=sink.port, pace=PACE) for sink in (one, other)]
        time.sleep(4)
        quick = [run.touchpoint(20) for _ in range(3)]
        run.wait_settled(*quick)
        run.wait_settled(*slow)
        verdict = run.judge(*quick, name="quick: ")
        run.hold((verdict.first_after or 0) <= 3.0 * run.leeway, f"The first quick message came after {verdict.first_after} s.")
        for name, sink, scene in (("slow", one, slow[0]), ("other slow", other, slow[1])):
            run.judge(scene, received=sink.received, name=f"{name}: ")
            _hold_rate(run, sink.received, name, at_least=0.7)  # it gives way now and then


@drill(
    "urgent-before-routine",
    promise="An urgent notice by a channel that is busy for minutes leaves within a second or so, and all of it before the rest.",
    small={"people": 150},
    full={"people": 600},
)
def urgent_before_routine(run: Run) -> None:
    _work(run)
    routine = run.touchpoint(pace=PACE)
    run.wait_for(20)
    urgent = run.touchpoint(30, urgency="urgent", pace=PACE, due_in=4)
    run.wait_settled(urgent, routine)
    run.judge(routine, urgent)
    name = f"drill-{urgent['touchpoints'][0] - 1}-"
    order = [message.recipient.startswith(name) for message in run.stage.sink.received]
    first, last = order.index(True), len(order) - 1 - order[::-1].index(True)
    between = sum(not is_urgent for is_urgent in order[first:last])
    waited = run.stage.sink.received[first].at - urgent["due_at"]
    run.measured |= {"urgent, first after": round(waited, 2), "routine in between": between}
    run.hold(waited <= 1.5 * run.leeway, f"The first urgent message came after {waited:.2f} s.")
    run.hold(between <= 3 * run.leeway, f"{between} routine messages left between the urgent ones.")


@drill(
    "provider-away",
    promise="A dead provider holds its own channel only; when it is back everything leaves within a minute and a quarter.",
    small={"people": 40, "seconds": 20},
    full={"people": 2000, "seconds": 600},
)
def provider_away(run: Run) -> None:
    with Sink() as dead:
        dead.refuse()
        _work(run)
        held = [run.touchpoint(port=dead.port) for _ in range(2)]
        opened = run.stage.scene("circuit_opened", dead.port, within=60.0)
        run.hold(opened is not None, "The circuit was not open within a minute.")
        other = run.touchpoint(20)
        run.wait_settled(other)
        run.judge(other, name="another channel: ")
        time.sleep(run.size.seconds)
        dead.listen()
        back = time.time()
        run.wait_settled(*held)
        first = min(message.at for message in dead.received) - back
        run.measured |= {"opened after": opened, "back after": round(first, 1)}
        run.judge(*held, received=dead.received)
        run.hold(first <= 75 * run.leeway, f"The first message came {first:.1f} s after the provider was back.")
        gaps = [later.at - sooner.at for sooner, later in itertools.pairwise(dead.received)]
        run.hold(max(gaps) <= 15 * run.leeway, f"The rest kept waiting for {max(gaps):.1f} s.")
