"""The environment: every variable is documented, and a bad one stops the start with one readable list."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings

from config import env

EXAMPLE = (settings.BASE_DIR / ".env.example").read_text(encoding="utf-8")
DOCUMENTED = dict(line[1:].split("=", 1) for line in EXAMPLE.splitlines() if line.startswith("#") and "=" in line.split()[0])
REQUIRED = {"SECRET_KEY": "x" * 60, "ALLOWED_HOSTS": "notices.example.com", "SITE_URL": "https://notices.example.com"}

Read = Callable[..., SimpleNamespace]


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Read:
    """Reads an environment that holds only the given variables."""

    def read(**variables: str) -> SimpleNamespace:
        for name in DOCUMENTED:
            monkeypatch.delenv(name, raising=False)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return env.read_environment(tmp_path)

    return read


def problems(read: Read, **variables: str) -> list[str]:
    with pytest.raises(SystemExit) as stop:
        read(**variables)
    return str(stop.value.code).splitlines()[1:]


def test_every_variable_is_in_the_example_and_no_other(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = set()

    class Listening(env.Reader):
        def get(self, name: str, *args: Any, **kwargs: Any) -> Any:
            asked.add(name)
            return super().get(name, *args, **kwargs)

    monkeypatch.setattr(env, "Reader", Listening)
    read(**REQUIRED)
    assert asked == set(DOCUMENTED)


def test_the_example_names_the_defaults(read: Read) -> None:
    defaults = {name: value for name, value in DOCUMENTED.items() if value}
    assert read(**(REQUIRED | defaults)) == read(**REQUIRED)


def test_an_empty_variable_is_an_unset_one(read: Read) -> None:
    assert read(**(dict.fromkeys(DOCUMENTED, "") | REQUIRED)) == read(**REQUIRED)


def test_all_that_is_missing_is_named_at_once(read: Read) -> None:
    assert [line.split(":")[0].strip(" -") for line in problems(read)] == list(REQUIRED)


def test_debug_needs_nothing_else(read: Read) -> None:
    assert read(DEBUG="true").site_url == "http://localhost:8000"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DEBUG", "maybe"),
        ("SITE_URL", "notices.example.com"),
        ("SITE_URL", "https://notices.example.com:port"),
        ("SITE_URL", "javascript://x"),
        ("LOG_LEVEL", "loud"),
        ("DATABASE_URL", "mysql://localhost/preavis"),
        ("DATABASE_URL", "postgres://user:password@host:port/name"),
        ("DATABASE_URL", "postgres://"),
        ("DATABASE_URL", "preavis"),
        ("REDIS_URL", "localhost:6379"),
        ("REDIS_URL", "redis://localhost:port"),
        ("EMAIL_PORT", "smtp"),
        ("EMAIL_PORT", "0"),
        ("INBOX_SECURITY", "ssl"),
        ("ANYMAIL", "POSTMARK"),
        ("ANYMAIL", "[1]"),
        ("HOLIDAY_REGIONS", "France"),
        ("MESSAGES_PER_WEEK", "0"),
        ("DELIVERY_BATCH_SIZE", "0"),
        ("DELIVERY_LEASE_SECONDS", "1.5"),
        ("MACHINE_OPEN_SECONDS", "-1"),
        ("MACHINE_OPEN_SECONDS", "nan"),
        ("UNDECIDED_OPEN_SECONDS", "inf"),
    ],
)
def test_a_malformed_value_is_named(read: Read, name: str, value: str) -> None:
    (problem,) = problems(read, **(REQUIRED | {name: value}))
    assert problem.startswith(f"  - {name}: ")
    assert "expected" in problem


@pytest.mark.parametrize("name", ["DATABASE_URL", "REDIS_URL", "ANYMAIL"])
def test_what_may_hold_a_password_is_not_repeated(read: Read, name: str) -> None:
    assert "hunter2" not in problems(read, **(REQUIRED | {name: "hunter2"}))[0]


def test_two_kinds_of_tls_at_once_are_refused(read: Read) -> None:
    assert "only one" in problems(read, **REQUIRED, EMAIL_USE_TLS="on", EMAIL_USE_SSL="on")[0]


def test_a_mailbox_needs_its_user_and_password(read: Read) -> None:
    assert len(problems(read, **REQUIRED, INBOX_HOST="imap.example.com")) == 2


def test_a_mailbox_elsewhere_is_not_read_in_the_clear(read: Read) -> None:
    mailbox = {"INBOX_HOST": "imap.example.com", "INBOX_USER": "a", "INBOX_PASSWORD": "b", "INBOX_SECURITY": "none"}
    assert "INBOX_SECURITY" in problems(read, **REQUIRED, **mailbox)[0]
    assert read(**(REQUIRED | mailbox | {"INBOX_HOST": "127.0.0.1"})).inbox_security == "none"


def test_a_key_may_begin_with_a_dollar(read: Read) -> None:
    assert read(**(REQUIRED | {"SECRET_KEY": "$not-a-reference"})).secret_key == "$not-a-reference"


def test_the_environment_wins_over_the_file(read: Read, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("EMAIL_HOST=from-the-file\nEMAIL_USER=from-the-file\n")
    try:
        values = read(**REQUIRED, EMAIL_HOST="from-the-environment")
    finally:
        os.environ.pop("EMAIL_USER", None)
    assert (values.email_host, values.email_user) == ("from-the-environment", "from-the-file")


def test_a_file_that_is_no_text_is_named(read: Read, tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"EMAIL_HOST=\xff\xfe\n")
    assert ".env" in problems(read, **REQUIRED)[0]


def test_a_folder_name_needs_no_escaping(read: Read, tmp_path: Path) -> None:
    values = read(**REQUIRED, VAR_DIR="50% #1?")
    assert values.database["NAME"] == str(tmp_path / "50% #1?" / "preavis.sqlite3")


def test_start_up_ends_with_the_list_and_no_traceback(tmp_path: Path) -> None:
    outer = {"PATH": os.environ["PATH"], "DEBUG": "perhaps", "EMAIL_PORT": "x", "VAR_DIR": str(tmp_path)}
    hidden = dict.fromkeys(set(DOCUMENTED) - set(outer), "")  # a .env of this checkout must not help
    done = subprocess.run(
        [sys.executable, "manage.py", "check"], cwd=settings.BASE_DIR, env=hidden | outer, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert [line.split(":")[0] for line in done.stderr.splitlines()[1:]] == [
        f"  - {name}" for name in ("DEBUG", "SECRET_KEY", "ALLOWED_HOSTS", "SITE_URL", "EMAIL_PORT")
    ]
