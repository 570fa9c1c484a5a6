"""The environment, read once and completely: every problem is reported together, in one readable list."""

import json
import math
import re
import warnings
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar
from urllib.parse import urlsplit

import environ
from environ.environ import ImproperlyConfigured

from . import embedded

T = TypeVar("T")

DEVELOPMENT_KEY = "development-key-for-debug-mode-only-0123456789abcdefghijklmnopqrstuvwxyz"
WORDS_FOR_TRUE = ("1", "true", "yes", "on")
WORDS_FOR_FALSE = ("0", "false", "no", "off")
INBOX_SECURITY = ("tls", "starttls", "none")
THIS_MACHINE = ("localhost", "127.0.0.1", "::1")
REGION = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,4})?")
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


class Reader:
    """Reads variables and collects a sentence per problem instead of stopping at the first."""

    def __init__(self) -> None:
        self.env = environ.Env()
        self.problems: list[str] = []

    def get(self, name: str, cast: Callable[[str], T], default: T, *, expected: str, secret: bool = False) -> T:
        """The variable cast, or `default` when unset or empty; `expected` says in words what is understood.

        The value of a `secret` one is not repeated: start-up messages end in logs.
        """
        raw = self.env.ENVIRON.get(name, "").strip()  # not env.str(), which takes a key that begins with $ for a reference
        if not raw:
            return default
        try:
            return cast(raw)
        except (ValueError, ImproperlyConfigured):
            shown = "its value" if secret else f"“{raw}”"
            self.problems.append(f"{name}: {shown} is not understood; expected {expected}.")
            return default

    def text(self, name: str, default: str = "") -> str:
        return self.get(name, str, default, expected="a text")

    def flag(self, name: str, default: bool = False) -> bool:
        return self.get(name, _flag, default, expected="true or false")

    def number(self, name: str, default: int, *, at_least: int = 0) -> int:
        return self.get(name, _at_least(int, at_least), default, expected=f"a whole number from {at_least}")

    def seconds(self, name: str, default: float) -> float:
        return self.get(name, _at_least(float, 0), default, expected="a number of seconds from 0")

    def items(self, name: str, default: tuple[str, ...] = ()) -> list[str]:
        return self.get(name, _items, list(default), expected="items separated by commas")

    def require(self, name: str, value: object, why: str) -> None:
        if not value:
            self.problems.append(f"{name}: is missing; {why}")


def _flag(raw: str) -> bool:
    if raw.lower() not in (*WORDS_FOR_TRUE, *WORDS_FOR_FALSE):
        raise ValueError(raw)
    return raw.lower() in WORDS_FOR_TRUE


def _at_least(kind: Callable[[str], Any], lowest: int) -> Callable[[str], Any]:
    def cast(raw: str) -> Any:
        value = kind(raw)
        if not lowest <= value < math.inf:
            raise ValueError(raw)
        return value

    return cast


def _items(raw: str) -> list[str]:
    return [item.strip() for item in raw.split(",") if item.strip()]


def _site(raw: str) -> str:
    parts = urlsplit(raw)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(raw)
    parts.port  # noqa: B018 — refuses a port that is none
    return raw.rstrip("/")


def _redis(raw: str) -> str:
    parts = urlsplit(raw)
    if parts.scheme not in ("redis", "rediss", "unix") or not (parts.hostname or parts.path):
        raise ValueError(raw)
    parts.port  # noqa: B018 — refuses a port that is none
    return raw


def _log_level(raw: str) -> str:
    if raw.upper() not in LOG_LEVELS:
        raise ValueError(raw)
    return raw.upper()


def _json_object(raw: str) -> dict[str, Any]:
    value = json.loads(raw)
    if not isinstance(value, dict):
        raise ValueError(raw)
    return value


def _database(raw: str) -> dict[str, Any]:
    """A DATABASE_URL as Django's settings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # django-environ only warns of a scheme it does not know; it is an error here
        config = dict(environ.Env.db_url_config(raw))
    if not config.get("NAME"):
        raise ValueError(raw)
    if config["ENGINE"] == "django.db.backends.sqlite3":
        return _sqlite(config["NAME"])
    if config["ENGINE"] != "django.db.backends.postgresql":
        raise ValueError(raw)
    return {"CONN_MAX_AGE": 60, **config, "CONN_HEALTH_CHECKS": True}


def _sqlite(name: str) -> dict[str, Any]:
    """SQLite as several writing processes need it."""
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": name,
        # One writer at a time that waits its turn, and no mark lost with the power (reference: sqlite.org/wal.html).
        "OPTIONS": {
            "timeout": 20,
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
        },
    }


def read_environment(base_dir: Path) -> SimpleNamespace:
    """Reads `.env` beside `manage.py`, then the environment, which wins; stops the process when anything is wrong."""
    reader = Reader()
    env_file = base_dir / ".env"
    try:
        if env_file.is_file():
            environ.Env.read_env(env_file)
    except (OSError, UnicodeDecodeError) as error:
        reader.problems.append(f"{env_file}: cannot be read as a text in UTF-8 ({error}).")
    values = SimpleNamespace(
        **_web(reader), **_stores(reader, base_dir), **_mail(reader), **_inbox(reader), **_planning(reader), **_engine(reader)
    )
    if reader.problems:
        lines = "\n".join(f"  - {problem}" for problem in reader.problems)
        raise SystemExit(f"Preavis cannot start. Please mend these variables (see .env.example):\n{lines}")
    return values


def _web(reader: Reader) -> dict[str, Any]:
    debug = reader.flag("DEBUG")
    values: dict[str, Any] = {
        "debug": debug,
        "secret_key": reader.text("SECRET_KEY", DEVELOPMENT_KEY if debug else ""),
        "secret_key_fallbacks": reader.items("SECRET_KEY_FALLBACKS"),
        "allowed_hosts": reader.items("ALLOWED_HOSTS", ("localhost", "127.0.0.1", "[::1]") if debug else ()),
        "csrf_trusted_origins": reader.items("CSRF_TRUSTED_ORIGINS"),
        "site_url": reader.get(
            "SITE_URL", _site, "http://localhost:8000" if debug else "", expected="an address such as https://notices.example.com"
        ),
        "behind_proxy": reader.flag("BEHIND_PROXY"),
        "log_level": reader.get("LOG_LEVEL", _log_level, "INFO", expected="one of " + ", ".join(LOG_LEVELS)),
    }
    values["https"] = values["site_url"].startswith("https://")
    needed = "it is required unless DEBUG is on."
    reader.require("SECRET_KEY", values["secret_key"], needed)
    reader.require("ALLOWED_HOSTS", values["allowed_hosts"], needed)
    if not any(problem.startswith("SITE_URL") for problem in reader.problems):
        reader.require("SITE_URL", values["site_url"], needed)
    return values


def _stores(reader: Reader, base_dir: Path) -> dict[str, Any]:
    var = reader.get("VAR_DIR", base_dir.joinpath, base_dir / "var", expected="a folder")
    database = reader.get(
        "DATABASE_URL",
        _database,
        _sqlite(str(var / "preavis.sqlite3")),
        expected="postgres://user:password@host:5432/name or sqlite:///path",
        secret=True,
    )
    if database["NAME"] == str(var / "preavis.sqlite3"):
        reader.problems.extend(_make_folder(var))
    return {
        "var_dir": var,
        "database": database,
        # Without one, a private Valkey of this checkout listens there; see config/embedded.py.
        "redis_url": reader.get(
            "REDIS_URL",
            _redis,
            embedded.url(var),
            expected="redis://host:6379/0, rediss://… or unix:///path",
            secret=True,
        ),
        "redis_key_prefix": reader.text("REDIS_KEY_PREFIX", "preavis:"),
    }


def _make_folder(path: Path) -> list[str]:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        return [f"VAR_DIR: the folder {path} cannot be made ({error.strerror})."]
    return []


def _mail(reader: Reader) -> dict[str, Any]:
    values = {
        "email_backend": reader.text("EMAIL_BACKEND", "apps.channels.smtp.PhasedSMTPBackend"),
        "email_host": reader.text("EMAIL_HOST", "localhost"),
        "email_port": reader.number("EMAIL_PORT", 25, at_least=1),
        "email_user": reader.text("EMAIL_USER"),
        "email_password": reader.text("EMAIL_PASSWORD"),
        "email_use_tls": reader.flag("EMAIL_USE_TLS"),
        "email_use_ssl": reader.flag("EMAIL_USE_SSL"),
        "from_email": reader.text("FROM_EMAIL", "Maintenance <maintenance@localhost>"),
        "anymail": reader.get(
            "ANYMAIL",
            _json_object,
            dict[str, Any](),
            expected='a JSON object such as {"POSTMARK_SERVER_TOKEN": "…"}',
            secret=True,
        ),
        "channel_host_allowlist": reader.items("CHANNEL_HOST_ALLOWLIST"),
    }
    if values["email_use_tls"] and values["email_use_ssl"]:
        reader.problems.append("EMAIL_USE_TLS and EMAIL_USE_SSL: only one may be on (587 is usually TLS, 465 SSL).")
    return values


def _inbox(reader: Reader) -> dict[str, Any]:
    values = {
        "inbox_host": reader.text("INBOX_HOST"),
        "inbox_port": reader.number("INBOX_PORT", 993, at_least=1),
        "inbox_user": reader.text("INBOX_USER"),
        "inbox_password": reader.text("INBOX_PASSWORD"),
        "inbox_folder": reader.text("INBOX_FOLDER", "INBOX"),
        "inbox_security": reader.get("INBOX_SECURITY", _inbox_security, "tls", expected="one of " + ", ".join(INBOX_SECURITY)),
    }
    if values["inbox_host"]:
        reader.require("INBOX_USER", values["inbox_user"], "INBOX_HOST needs it.")
        reader.require("INBOX_PASSWORD", values["inbox_password"], "INBOX_HOST needs it.")
    if values["inbox_security"] == "none" and values["inbox_host"] not in ("", *THIS_MACHINE):
        reader.problems.append(
            "INBOX_SECURITY: none would show the password to the network; only a server on this machine may do so."
        )
    return values


def _inbox_security(raw: str) -> str:
    if raw.lower() not in INBOX_SECURITY:
        raise ValueError(raw)
    return raw.lower()


def _planning(reader: Reader) -> dict[str, Any]:
    return {
        "holiday_regions": reader.get(
            "HOLIDAY_REGIONS",
            _regions,
            list[str](),
            expected="countries or parts of them, such as FR, DE-BY, separated by commas",
        ),
        "messages_per_week": reader.number("MESSAGES_PER_WEEK", 10, at_least=1),
    }


def _regions(raw: str) -> list[str]:
    regions = [item.upper() for item in _items(raw)]
    if not all(REGION.fullmatch(region) for region in regions):
        raise ValueError(raw)
    return regions


def _engine(reader: Reader) -> dict[str, Any]:
    return {
        "approval_required": reader.flag("APPROVAL_REQUIRED"),
        "delivery_batch_size": reader.number("DELIVERY_BATCH_SIZE", 200, at_least=1),
        "delivery_lease_seconds": reader.number("DELIVERY_LEASE_SECONDS", 30, at_least=5),
        "machine_open_seconds": reader.seconds("MACHINE_OPEN_SECONDS", 10.0),
        "undecided_open_seconds": reader.seconds("UNDECIDED_OPEN_SECONDS", 90.0),
        "tracking_forget_after_days": reader.number("TRACKING_FORGET_AFTER_DAYS", 30, at_least=1),
    }
