"""Runs the web server, a Celery worker, Celery's beat and the mailbox until it is told to stop."""

import contextlib
import fcntl
import select
import signal
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from config import embedded

from .children import Child, end_leftovers, remember, stop
from .environment import demo_environment
from .health import engine_trouble, mailbox_trouble
from .places import Places
from .ports import HOST, Ports, held_ports
from .preparation import Preparation, PreparationFailed

READY_SECONDS = 60
QUEUES = "urgent,bulk,events,housekeeping"


class Failed(Exception):
    """The demo cannot go on; the text says why."""


class Supervisor:
    def __init__(self, places: Places, *, began: float) -> None:
        """`began`: a reading of time.time() from before whatever had to be installed."""
        self.places = places
        self.stopping = threading.Event()
        self.hurry = threading.Event()
        self.began = began
        self.has_terminal = sys.stdout.isatty()

    def run(self) -> int:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._on_signal)
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as nohup wants it
            signal.signal(signal.SIGHUP, self._on_signal)
        self.places.make()
        children: list[Child] = []
        try:
            with only_demo_of(self.places):
                end_leftovers(self.places.children)
                with held_ports(wished := self.places.last_ports()) as ports:
                    self._run(children, ports, wished)
        except Failed as failure:
            say(f"\n{failure}")
            return 1
        return 0

    def _run(self, children: list[Child], ports: Ports, wished: Ports) -> None:
        if wished.web not in (0, ports.web):
            say(f"Port {wished.web} is taken, by another demo perhaps; this one is at http://{HOST}:{ports.web}/admin/.")
        self.places.remember_ports(ports)
        environment = demo_environment(self.places, ports)
        self._keep_valkey()
        preparation = Preparation(self.places, environment, stopping=self.stopping)
        try:
            children += self._children(ports, environment)
            if not self.places.is_prepared():
                preparation.wait()
            self._start(children)
            self._wait_until_healthy(children, ports)
            told = preparation.release()
            if told:
                self.places.note_prepared()
                say(greeting(self.places, ports, told, seconds=time.time() - self.began))
            while not self.stopping.wait(0.5) and not (self.has_terminal and terminal_is_gone()):
                self._look_after(children)
        except PreparationFailed as failure:
            raise Failed(f"The sample data could not be made. To start afresh, remove {self.places.folder}.") from failure
        finally:
            preparation.end()
            self._end(children)

    def _start(self, children: list[Child]) -> None:
        if not self.stopping.is_set():
            self.started_at = time.monotonic()
            for child in children:
                child.start()
            remember(children, self.places.children)

    def _children(self, ports: Ports, environment: dict[str, str]) -> list[Child]:
        site = environment["SITE_URL"]
        web = f"granian --interface wsgi --host {HOST} --port {ports.web} --no-ws --blocking-threads 4 --backpressure 32 --log-level warning"
        worker = f"celery --quiet --app config worker --queues {QUEUES} --concurrency 2 --loglevel WARNING --without-gossip --without-mingle"
        mailbox = f"demo.mailbox --smtp-port {ports.smtp} --http-port {ports.mailbox} --site-url {site} --store"
        arguments = {
            "mailbox": ["-m", *mailbox.split(), str(self.places.mailbox)],
            "web": ["-m", *web.split(), "config.wsgi:application"],
            "worker": ["-m", *worker.split()],
            "beat": ["-m", *["celery", "--quiet", "--app", "config", "beat", "--loglevel", "WARNING", "--pidfile="]],
        }
        return [
            Child(name, words, environment=environment, log=self._new_log(name), say=self._forward)
            for name, words in arguments.items()
        ]

    def _forward(self, text: str) -> None:
        """What children say is shown until they are told to end: what they say of that is in their logs."""
        if not self.stopping.is_set():
            say(text)

    def _new_log(self, name: str) -> Any:
        path = self.places.logs / f"{name}.log"
        if path.exists():
            path.replace(path.with_suffix(".earlier.log"))
        return path

    def _wait_until_healthy(self, children: list[Child], ports: Ports) -> None:
        """Until the mailbox answers, and the site says that clock and worker have been seen since they were started."""
        questions = [
            lambda: mailbox_trouble(f"http://{HOST}:{ports.mailbox}/newest"),
            lambda: engine_trouble(f"http://{HOST}:{ports.web}/healthz", since=self.started_at),
        ]
        deadline = time.monotonic() + READY_SECONDS
        while questions and not self.stopping.wait(0.1):
            self._look_after(children)
            trouble = questions[0]()
            if not trouble:
                questions.pop(0)
            elif time.monotonic() > deadline:
                raise Failed(f"Not healthy after {READY_SECONDS} seconds: {trouble}\nLogs: {self.places.logs}")

    def _look_after(self, children: list[Child]) -> None:
        for child in children:
            if child.exit_code is not None and not self.stopping.is_set():
                if not child.revive():
                    raise Failed("The demo stops, since it cannot do without.")
                remember(children, self.places.children)
        self._keep_valkey()

    def _keep_valkey(self) -> None:
        embedded.ensure_running(embedded.url(self.places.folder), self.places.folder)

    def _end(self, children: list[Child]) -> None:
        """First those that send, then the mailbox that receives from them, at last what carries their hints."""
        self.stopping.set()
        stop([child for child in children if child.name != "mailbox"], patience=25, hurry=self.hurry)
        stop([child for child in children if child.name == "mailbox"], patience=5, hurry=self.hurry)
        embedded.stop(self.places.folder)
        self.places.children.unlink(missing_ok=True)
        say("Everything has ended.")

    def _on_signal(self, number: int, _: Any) -> None:
        if self.stopping.is_set():
            self.hurry.set()
        else:
            self.stopping.set()
            say("\nEnding, once the messages that are just leaving have left. Again: at once.")


@contextlib.contextmanager
def only_demo_of(places: Places) -> Iterator[None]:
    """Two demos in one folder would take each other's database; the second says where the first is."""
    with places.lock.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            address = f"http://{HOST}:{places.last_ports().web}/admin/"
            raise Failed(f"A demo of this folder is already running: {address}") from error
        yield


def terminal_is_gone() -> bool:
    """Whether the terminal was closed: then SIGHUP goes to whatever began the session, which need not pass it on."""
    watched = select.poll()
    watched.register(sys.stdout, select.POLLHUP)
    return bool(watched.poll(0))


def greeting(places: Places, ports: Ports, told: dict[str, str], *, seconds: float) -> str:
    starts_at = datetime.fromisoformat(told["starts_at"])
    wait = max(0, round((starts_at - datetime.now(UTC)).total_seconds()))
    site = f"http://{HOST}:{ports.web}"
    return f"""
Preavis is running, after {seconds:.1f} s.

  Planners   {site}/admin/   (user {told["user"]}, password {told["password"]})
             with fewer rights: clara plans, ben approves, dan looks on, erin administers; the same password
  Mailbox    http://{HOST}:{ports.mailbox}/   (every message arrives here; opening one counts)
  Calendar   {site}{told["feed"]}
  Watch      {site}{told["watch"]}
             “{told["title"]}” starts in {wait // 60} min {wait % 60:02} s, and its messages leave before, during and after.
  Logs       {places.logs}

Ctrl-C ends all of it.
"""


def say(text: str) -> None:
    # The terminal may be gone already: that must not keep us from ending what we started.
    with contextlib.suppress(OSError, ValueError):
        print(text, flush=True)
