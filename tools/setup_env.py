#!/usr/bin/env python3
"""Makes `.venv` with the pinned packages, then runs what was asked for. It needs Python and nothing else.

    python3 tools/setup_env.py demo           everything, to look at
    python3 tools/setup_env.py test [ARGS]    the tests, with pytest's arguments
    python3 tools/setup_env.py bench [ARGS]   the measurements of bench/
    python3 tools/setup_env.py run ARGS       Python in the environment, e.g. `run manage.py check`
    python3 tools/setup_env.py setup [SET]    only the packages: run (default), test, bench or dev

This file alone also runs on old Pythons, so that it can look for a newer one: keep its syntax that of Python 3.6.
"""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
VENV_PYTHON = os.path.join(VENV, "bin", "python")
SUPPORTED = [(3, 14), (3, 13), (3, 12), (3, 11)]  # best first; the pinned packages have wheels for these
REQUIREMENTS = {
    "run": ["requirements.txt"],
    "test": ["requirements.txt", "requirements-test.txt"],
    "bench": ["requirements.txt", "requirements-bench.txt"],
    "dev": ["requirements.txt", "requirements-test.txt", "requirements-dev.txt"],
}
# Of pip's own settings these stay: where packages come from and how to get there. Any other could redirect the install.
PIP_SETTINGS_KEPT = re.compile(
    "PIP_(CACHE_DIR|(CLIENT_)?CERT|CONFIG_FILE|(EXTRA_)?INDEX_URL|FIND_LINKS|KEYRING_PROVIDER|NO_CACHE_DIR|NO_INDEX|PROXY"
    "|RETRIES|(DEFAULT_)?TIMEOUT|TRUSTED_HOST|USE_FEATURE)$"
)
# What other projects and tools may have left in the environment and would change what runs here.
FOREIGN = re.compile("(PYTHON|PIP_|DJANGO_|CELERY_|GRANIAN_|PYTEST_|__PYVENV|VIRTUAL_ENV$)")
PROBE = (
    "import ctypes, sqlite3, ssl, sys, sysconfig, venv; "
    "assert sys.implementation.name == 'cpython' and not sysconfig.get_config_var('Py_GIL_DISABLED'); "
    "print(*sys.version_info[:2])"
)


class Stop(Exception):
    """Ends the set-up with a sentence that says what to do."""


def main(arguments):
    command, rest = (arguments[0], arguments[1:]) if arguments else ("help", [])
    try:
        if command == "demo":
            began = time.time()
            install("run")
            become(["-m", "demo", *rest], environment={**clean_environment(), "DEMO_BEGAN": str(began)})
        elif command == "test":
            install("test")
            become(["-m", "pytest", "--numprocesses", "auto", *rest], environment=without_own_settings(clean_environment()))
        elif command == "bench":
            install("bench")
            become(["-m", "bench", *rest], environment=clean_environment())
        elif command == "run" and rest:
            install("run")
            become(rest, environment=clean_environment())
        elif command == "setup" and (rest or ["run"])[0] in REQUIREMENTS:
            install((rest or ["run"])[0])
        else:
            raise Stop(__doc__.strip())
    except Stop as stop:
        say(str(stop))
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def install(wanted):
    """Brings `.venv` up to the pinned packages; does nothing, and needs no network, when its stamp says so already."""
    with only_one_at_a_time():
        version = probe(VENV_PYTHON)
        if version is None or version < SUPPORTED[-1]:
            make_venv(find_python())
            version = probe(VENV_PYTHON)
        stamp = os.path.join(VENV, f"installed-{wanted}-{fingerprint(wanted, version)}")
        if not os.path.exists(stamp):
            install_packages(wanted)
            open(stamp, "w").close()


def become(arguments, environment):
    """Becomes the environment's Python, so that signals and the exit code are its own."""
    os.chdir(ROOT)
    os.execve(VENV_PYTHON, [VENV_PYTHON, *arguments], environment)


def clean_environment():
    environment = {name: value for name, value in os.environ.items() if not FOREIGN.match(name)}
    environment["PYTHONUTF8"] = "1"  # a locale of "C" must not break texts in French
    return environment


def pip_environment():
    kept = {name: value for name, value in os.environ.items() if PIP_SETTINGS_KEPT.match(name)}
    ours = {"PIP_USER": "0", "PIP_ROOT_USER_ACTION": "ignore", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"}
    return {**clean_environment(), **kept, **ours}


def without_own_settings(environment):
    """The tests must not meet a database or a mail server that somebody's shell names."""
    with open(os.path.join(ROOT, ".env.example"), encoding="utf-8") as example:
        own = set(re.findall(r"^#?([A-Z][A-Z0-9_]*)=", example.read(), re.MULTILINE))
    return {name: value for name, value in environment.items() if name not in own}


def find_python():
    """The newest supported Python on the PATH that really starts: a pyenv shim may exist and have nothing behind it."""
    for version in SUPPORTED:
        for name in (f"python{version[0]}.{version[1]}", "python3", "python"):
            for path in on_the_path(name):
                if probe(path) == version:
                    return path
    raise Stop("Preavis needs Python 3.11, 3.12, 3.13 or 3.14 (CPython with ssl and sqlite3); none was found on the PATH.")


def on_the_path(name):
    for folder in os.environ.get("PATH", os.defpath).split(os.pathsep):
        path = os.path.abspath(os.path.join(folder, name))
        if os.access(path, os.X_OK) and not path.startswith(VENV + os.sep):
            yield path


def probe(python, known={}):  # noqa: B006 — remembered on purpose: each interpreter outside .venv is started once
    """The (major, minor) of an interpreter that starts and has what is needed, else None."""
    if python in known:
        return known[python]
    try:
        text = subprocess.check_output(
            [python, "-c", PROBE], env=clean_environment(), stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=20
        )
        major, minor = text.decode().split()
        version = int(major), int(minor)
    except (OSError, ValueError, subprocess.SubprocessError):
        version = None
    if python != VENV_PYTHON:
        known[python] = version
    return version


def make_venv(python):
    say(f"Making .venv with {python}")
    shutil.rmtree(VENV, ignore_errors=True)
    if run([python, "-m", "venv", VENV]).returncode == 0:
        return
    # Debian without python3-venv has no ensurepip: the system's pip may install into the environment from outside.
    shutil.rmtree(VENV, ignore_errors=True)
    made = run([python, "-m", "venv", "--without-pip", VENV]).returncode == 0
    if not made or not works(outer_pip(python)):
        shutil.rmtree(VENV, ignore_errors=True)
        package = "python{}.{}-venv".format(*probe(python))
        raise Stop(f"{python} has neither ensurepip nor pip. On Debian or Ubuntu this helps:\n  sudo apt install {package}")
    with open(os.path.join(VENV, "made-by"), "w") as note:
        note.write(python)


def install_packages(wanted):
    say(f"Installing the pinned packages of {' and '.join(REQUIREMENTS[wanted])}; this happens once.")
    command = [*pip(), "install", "--require-hashes", "--only-binary", ":all:", "--quiet", "--no-warn-script-location"]
    for name in REQUIREMENTS[wanted]:
        command += ["-r", os.path.join(ROOT, name)]
    done = run(command)
    if done.returncode != 0:
        hint = "The packages could not be installed. The first time needs the network, or a mirror named by PIP_INDEX_URL."
        raise Stop(done.stdout.decode(errors="replace").strip() + "\n\n" + hint)


def pip():
    """The environment's own pip, or that of the Python it was made with."""
    own = [VENV_PYTHON, "-m", "pip"]
    if works(own):
        return own
    try:
        with open(os.path.join(VENV, "made-by")) as note:
            return outer_pip(note.read())
    except OSError as error:
        raise Stop(".venv has no pip. Remove the folder .venv and start again.") from error


def outer_pip(python):
    return [python, "-m", "pip", "--python", VENV_PYTHON]


def works(command):
    return run([*command, "--version"]).returncode == 0


def run(command):
    return subprocess.run(
        command, env=pip_environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )


def fingerprint(wanted, version):
    digest = hashlib.sha256(repr(version).encode())
    for name in REQUIREMENTS[wanted]:
        with open(os.path.join(ROOT, name), "rb") as file:
            digest.update(file.read())
    return digest.hexdigest()[:16]


@contextmanager
def only_one_at_a_time():
    """Two set-ups of one checkout would spoil each other's .venv: the second waits."""
    os.makedirs(os.path.join(ROOT, "var"), exist_ok=True)
    with open(os.path.join(ROOT, "var", "setup.lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def say(text):
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
