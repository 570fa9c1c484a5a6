"""How many open pixels per second one machine answers: granian, a private Valkey, the whole middleware, no database.

    python bench/pixel.py [seconds] [workers] [--json FILE]

Needs `wrk` (https://github.com/wg/wrk), which shares the processor with what it measures.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PORT = 8931
MILLISECONDS = {"us": 0.001, "ms": 1.0, "s": 1000.0}


def main(seconds: str = "10", workers: str = "2", *rest: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        prepare(Path(folder))
        from apps.common.tokens import Purpose, sign
        from config import embedded

        embedded.ensure_running(os.environ["REDIS_URL"], Path(folder))
        web = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "granian",
                "--interface",
                "wsgi",
                "--port",
                str(PORT),
                "--workers",
                workers,
                "--no-ws",
                "config.wsgi:application",
            ],
            cwd=ROOT,
            env=os.environ | {"PYTHONWARNINGS": "ignore"},
            stdout=subprocess.DEVNULL,
        )
        try:
            address = f"http://127.0.0.1:{PORT}/o/{sign(Purpose.OPEN, uuid.uuid4())}.gif"
            await_answer(address)
            command = ["wrk", "-t1", "-c32", f"-d{seconds}s", "--latency", address]
            said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            figures = understood(said) | {"hits_kept": hits_kept(), "seconds": float(seconds), "processes": int(workers)}
            print(said, f"hits kept: {figures['hits_kept']}", sep="")
            if rest:
                Path(rest[1]).write_text(json.dumps(figures))
        finally:
            web.terminate()
            web.wait()
            embedded.stop(Path(folder))


def prepare(folder: Path) -> None:
    """A production-like environment that shares nothing with the checkout's own."""
    sys.path.insert(0, str(ROOT))
    from config import embedded

    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "SECRET_KEY": "bench" * 12,
        "ALLOWED_HOSTS": "127.0.0.1",
        "SITE_URL": f"http://127.0.0.1:{PORT}",
        "DATABASE_URL": f"sqlite:///{folder / 'unused.sqlite3'}",
        "REDIS_URL": embedded.url(folder),
    }
    import django

    django.setup()


def await_answer(address: str) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            urllib.request.urlopen(address, timeout=1).read()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def understood(said: str) -> dict[str, float]:
    """What wrk said, as figures. It names what was answered otherwise only when there was any."""
    times = dict(re.findall(r"^\s+(\d+)%\s+(\S+)$", said, re.MULTILINE))
    wrong = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    requests = re.search(r"(\d+) requests in", said)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", said)
    assert requests, said
    assert rate, said
    return {
        "per_second": float(rate[1]),
        "requests": int(requests[1]),
        "not_answered_well": int(wrong[1]) if wrong else 0,
        "p50_ms": milliseconds(times["50"]),
        "p99_ms": milliseconds(times["99"]),
    }


def milliseconds(text: str) -> float:
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s)", text).groups()  # type: ignore[union-attr]
    return float(number) * MILLISECONDS[unit]


def hits_kept() -> int:
    from apps.common.redis import redis_client, redis_key

    return int(redis_client().llen(redis_key("hits")))


if __name__ == "__main__":
    main(*sys.argv[1:])
