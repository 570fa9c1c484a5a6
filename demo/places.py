"""Where the demo keeps its things."""

import hashlib
import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from .ports import USUAL_PORTS, Ports

ROOT = Path(__file__).resolve().parent.parent


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
