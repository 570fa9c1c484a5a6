"""Nothing is broken: what the other drills are compared with."""

from .drill import Run, drill


@drill(
    "calm",
    promise="Undisturbed, everybody gets one message, on time.",
    small={"people": 300},
    full={"people": 12_000},
)
def calm(run: Run) -> None:
    stage = run.stage
    stage.beat()
    stage.worker(processes=2)
    run.touchpoint(1)
    run.wait_for(1)  # the parts are up
    scene = run.touchpoint(due_in=5)
    run.wait_settled(scene)
    verdict = run.judge(scene)
    run.hold(verdict.states == {"sent": run.size.people}, f"Not everything was sent: {verdict.states}")
