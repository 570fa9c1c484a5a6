"""Where the demo keeps its things, and which ports it takes."""

import hashlib
import json
import os
import secrets
import socket
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"  # by number: "localhost" may mean IPv6 only


@dataclass(frozen=True, kw_only=True)
class Ports:
    web: int
    mailbox: int
    smtp: int


USUAL_PORTS = Ports(web=8000, mailbox=8025, smtp=1025)


@dataclass(frozen=True, kw_only=True)
class Places:
    """One folder holds everything a demo writes; removing it starts afresh."""

    folder: Path

    @property
    def lock(self) -> Path:
        return self.folder / "demo.lock"

    @property
    def logs(self) -> Path:
        return self.folder / "log"

    @property
    def mailbox(self) -> Path:
        return self.folder / "mailbox.sqlite3"

    @property
    def children(self) -> Path:
        return self.folder / "children.json"

    @property
    def feed_token(self) -> Path:
        return self.folder / "feed-token"

    def make(self) -> None:
        self.logs.mkdir(mode=0o700, parents=True, exist_ok=True)

    def secret_key(self) -> str:
        """Made once, so that links in messages of an earlier start still open."""
        return self.read_or_make("secret-key", secrets.token_urlsafe(50))

    def read_or_make(self, name: str, text: str) -> str:
        path = self.folder / name
        if not path.exists():
            self.write_private(path, text)
        return path.read_text()

    def write_private(self, path: Path, text: str) -> None:
        """Readable by this account only, and never half written."""
        draft = path.with_suffix(".new")
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
        draft.replace(path)

    def is_prepared(self) -> bool:
        """Whether an earlier start has brought database and static files to where this version wants them."""
        try:
            return (self.folder / "prepared").read_text() == _version()
        except OSError:
            return False

    def note_prepared(self) -> None:
        (self.folder / "prepared").write_text(_version())

    def remember_ports(self, ports: Ports) -> None:
        (self.folder / "ports.json").write_text(json.dumps(asdict(ports)))

    def last_ports(self) -> Ports:
        try:
            return Ports(**json.loads((self.folder / "ports.json").read_text()))
        except (OSError, ValueError, TypeError):
            return USUAL_PORTS


def _version() -> str:
    """Changes with whatever a start has to prepare for."""
    files = [*ROOT.glob("apps/*/migrations/*.py"), *ROOT.glob("static/**/*.*"), ROOT / "requirements.txt"]
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(f"{path.relative_to(ROOT)}\n".encode() + path.read_bytes())
    return digest.hexdigest()


def free_ports(wished: Ports) -> Ports:
    """The wished ports where they are free, others in place of those that are not."""
    taken: dict[str, socket.socket] = {}
    try:
        for name, port in asdict(wished).items():
            taken[name] = _listen(port) or _listen(0) or _no_port()
        return Ports(**{name: holder.getsockname()[1] for name, holder in taken.items()})
    finally:
        for holder in taken.values():
            holder.close()


def _listen(port: int) -> socket.socket | None:
    holder = socket.socket()
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do: the last demo's connections may linger
    try:
        holder.bind((HOST, port))
        holder.listen()
    except (OSError, OverflowError):
        holder.close()
        return None
    return holder


def _no_port() -> socket.socket:
    raise SystemExit("No free port was found on 127.0.0.1.")
