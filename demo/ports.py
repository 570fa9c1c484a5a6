"""Which ports the demo takes.

The web server listens beside others on one port (SO_REUSEPORT), and each then gets some of the requests. So it is not enough
that nobody listens: a second demo that starts in the same seconds would choose the same port and share it without a word.
What a demo has chosen it therefore holds by a lock until it ends.
"""

import contextlib
import fcntl
import os
import socket
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

HOST = "127.0.0.1"  # by number: "localhost" may mean IPv6 only
TRIES = 20


@dataclass(frozen=True, kw_only=True)
class Ports:
    web: int
    mailbox: int
    smtp: int


USUAL_PORTS = Ports(web=8000, mailbox=8025, smtp=1025)


@contextlib.contextmanager
def held_ports(wished: Ports) -> Iterator[Ports]:
    """The wished ports where they are free, others in place of those that are not. Nobody listens on them yet, and no other
    demo takes them."""
    with contextlib.ExitStack() as held:
        with contextlib.ExitStack() as listening:  # until all are chosen, so that none is chosen twice
            chosen = {name: _hold(port, held, listening) for name, port in asdict(wished).items()}
        yield Ports(**chosen)


def _hold(port: int, held: contextlib.ExitStack, listening: contextlib.ExitStack) -> int:
    for wish in (port, *[0] * TRIES):
        if (listener := _listen(wish)) is None:
            continue
        listening.callback(listener.close)
        number = int(listener.getsockname()[1])
        if (lock := _lock(number)) is not None:
            held.callback(os.close, lock)
            return number
    raise SystemExit(f"No free port was found on {HOST}.")


def _listen(port: int) -> socket.socket | None:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do: the last demo's connections may linger
    try:
        listener.bind((HOST, port))
        listener.listen()
    except (OSError, OverflowError):
        listener.close()
        return None
    return listener


def _lock(port: int) -> int | None:
    """A lock that ends with this process, however it ends; None where another demo of this account has it.

    Servers of other accounts cannot listen beside ours.
    """
    folder = Path(tempfile.gettempdir()) / f"preavis-ports-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    descriptor = os.open(folder / str(port), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor
