"""What the peers have in common: their project, a program that starts the work, perhaps Celery workers."""

import os
import subprocess
import sys
from pathlib import Path

from ..letter import write_letter
from ..processes import stop
from ..servers import LOOK_SECONDS, ROOT, Ledger, OwnSink, SmtpSink, as_seconds, wait_until
from . import Place, Run, measured

LONGEST_SECONDS = 600


class Peer:
    name: str
    title: str
    verb: tuple[str, ...]  # of bench/peers/drive.py
    has_worker = True
    count_sent = "SELECT count(*) FROM peers_mail WHERE state = 'sent'"

    def __init__(self) -> None:
        self._databases: dict[int, str] = {}

    def prepare(self, place: Place, recipients: int) -> None:
        if recipients in self._databases:
            return
        write_letter(place)
        name = place.databases.make()
        env = self._env(place, place.databases.url(name), smtp_port=25)
        subprocess.run([sys.executable, "-m", "bench.peers.drive", "people", str(recipients)], cwd=ROOT, env=env, check=True)
        place.databases.settle(name)
        self._databases[recipients] = name

    def run(self, place: Place, recipients: int, sink: SmtpSink | OwnSink) -> Run:
        self.prepare(place, recipients)
        place.valkey.empty()
        with place.databases.copy(self._databases[recipients]) as url:
            env = self._env(place, url, smtp_port=sink.port)
            worker = self._start_worker(place, env) if self.has_worker else None
            program = self._start_program(env, place)
            ledger = Ledger(url)
            try:
                own = [program.pid, *([worker.pid] if worker else [])]
                with measured(place, own, sink, url) as meter:
                    run = self._work(recipients, ledger, program)
                run.received = sink.received() if isinstance(sink, SmtpSink) else run.recorded
                run.cpu_seconds, run.peak_bytes = meter.seconds, meter.peak_bytes["own"]
                return run
            finally:
                ledger.close()
                for process in filter(None, (program, worker)):
                    stop(process)

    def _work(self, recipients: int, ledger: Ledger, program: "subprocess.Popen[bytes]") -> Run:
        assert program.stdin is not None, "it was started with a pipe"
        program.stdin.write(b"go\n")
        program.stdin.flush()
        began, written = heard(program, "begun"), heard(program, "written")
        if self.has_worker:
            all_sent = lambda: ledger.value(self.count_sent) >= recipients  # noqa: E731
            wait_until(all_sent, seconds=LONGEST_SECONDS, what="the last row is sent", every=LOOK_SECONDS)
            done = as_seconds(ledger.value("SELECT max(sent_at) FROM peers_mail"))
        else:
            done = heard(program, "done")
        recorded = ledger.value(self.count_sent)
        return Run(
            recipients=recipients,
            received=0,
            recorded=recorded,
            writing_seconds=written - began,
            seconds=done - began,
        )

    def _start_worker(self, place: Place, env: dict[str, str]) -> "subprocess.Popen[bytes]":
        ready = place.folder / "peer-worker-ready"
        ready.unlink(missing_ok=True)
        words = ["-m", "celery", "-A", "bench.peers.celery_app", "worker", "-c", str(place.workers), "-l", "WARNING"]
        words += ["--without-gossip", "--without-mingle"]
        worker = start(words, env | {"PEER_READY": str(ready)}, place.folder / "peer-worker.log")
        wait_until(ready.exists, seconds=60, what="the peer's worker is ready")
        return worker

    def _start_program(self, env: dict[str, str], place: Place) -> "subprocess.Popen[bytes]":
        program = start(["-m", "bench.peers.drive", *self.verb], env, place.folder / "peer-program.log", pipes=True)
        heard(program, "ready")
        return program

    def _env(self, place: Place, url: str, *, smtp_port: int) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        return kept | {
            "DJANGO_SETTINGS_MODULE": "bench.peers.settings",
            "DATABASE_URL": url,
            "REDIS_URL": place.valkey.url,
            "EMAIL_PORT": str(smtp_port),
            "BENCH_LETTER": str(place.folder / "letter.json"),
            "PEER_LOCK": str(place.folder / "post_office"),
        }


def start(words: list[str], env: dict[str, str], log: Path, *, pipes: bool = False) -> "subprocess.Popen[bytes]":
    pipe = subprocess.PIPE if pipes else None
    with log.open("ab") as errors:
        return subprocess.Popen(
            [sys.executable, *words],
            cwd=ROOT,
            env=env,
            stdin=pipe,
            stdout=pipe or errors,
            stderr=errors,
            start_new_session=True,
        )


def heard(program: "subprocess.Popen[bytes]", what: str) -> float:
    """When it said so; what else it prints is passed over."""
    assert program.stdout is not None, "it was started with a pipe"
    for line in program.stdout:
        word, _space, moment = line.decode().partition(" ")
        if word == what:
            return float(moment)
    raise RuntimeError(f"{program.args}: ended without saying “{what}”")
