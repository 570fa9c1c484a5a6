"""On what was measured: without it a figure says nothing."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psycopg

PACKAGES = ("Django", "celery", "psycopg", "redis", "django-post_office")


def describe(database_server: str, redis_version: str) -> dict[str, object]:
    with psycopg.connect(database_server, connect_timeout=5) as connection:
        row = connection.execute("SELECT current_setting('server_version'), current_setting('synchronous_commit')").fetchone()
    assert row is not None, "a SELECT without FROM has one row"
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(_memory_kib() / 1024**2, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "postgresql": f"{row[0].split()[0]}, synchronous_commit {row[1]}",
        "redis": redis_version,
        "packages": {name: found for name in PACKAGES if (found := _version(name))},
        "revision": _revision(),
        "load_before": os.getloadavg()[0],  # how busy the machine was with other things
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _memory_kib() -> int:
    lines = Path("/proc/meminfo").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("MemTotal"))


def _revision() -> str:
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=Path(__file__).parent, capture_output=True, text=True, check=False
    )
    return done.stdout.strip()
