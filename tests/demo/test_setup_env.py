import importlib.util
import os
import stat
import sys
from pathlib import Path
from types import ModuleType

import pytest
from django.conf import settings

CURRENT = sys.version_info[:2]


@pytest.fixture
def setup_env(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("setup_env", settings.BASE_DIR / "tools" / "setup_env.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def make_program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def python(version: str) -> str:
    """A program that answers the probe as that Python would."""
    return f"echo {version}"


def path_of(monkeypatch: pytest.MonkeyPatch, *folders: Path) -> None:
    monkeypatch.setenv("PATH", os.pathsep.join(map(str, folders)))


def test_the_newest_python_is_taken(setup_env: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_program(tmp_path / "python3.11", python("3 11"))
    newest = make_program(tmp_path / "python3.13", python("3 13"))
    path_of(monkeypatch, tmp_path)
    assert setup_env.find_python() == str(newest)


def test_a_shim_with_nothing_behind_it_is_passed_over(
    setup_env: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_program(tmp_path / "shims" / "python3.13", "echo 'pyenv: python3.13: command not found' >&2; exit 127")
    real = make_program(tmp_path / "bin" / "python3.13", python("3 13"))
    path_of(monkeypatch, tmp_path / "shims", tmp_path / "bin")
    assert setup_env.find_python() == str(real)


def test_a_plain_python3_will_do(setup_env: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = make_program(tmp_path / "python3", python("3 12"))
    path_of(monkeypatch, tmp_path)
    assert setup_env.find_python() == str(plain)


@pytest.mark.parametrize("answer", ["3 10", "3 15", "", "2 7"])
def test_a_python_without_our_wheels_is_refused(
    setup_env: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    make_program(tmp_path / "python3", python(answer))
    path_of(monkeypatch, tmp_path)
    with pytest.raises(setup_env.Stop, match=r"needs Python 3\.11"):
        setup_env.find_python()


def test_this_python_passes_the_probe(setup_env: ModuleType) -> None:
    assert setup_env.probe(sys.executable) == CURRENT


def test_what_others_left_in_the_environment_is_dropped(setup_env: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    foreign = (
        "PYTHONPATH",
        "PIP_TARGET",
        "PIP_INDEX_URL",
        "DJANGO_SETTINGS_MODULE",
        "CELERY_BROKER_URL",
        "GRANIAN_PORT",
        "VIRTUAL_ENV",
    )
    for name in foreign:
        monkeypatch.setenv(name, "/foreign")
    assert not set(foreign) & set(setup_env.clean_environment())


def test_pip_keeps_mirror_and_certificate_and_nothing_that_redirects(
    setup_env: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_CERT", "PIP_PROXY", "PIP_CONFIG_FILE")
    dropped = ("PIP_TARGET", "PIP_PREFIX", "PIP_CONSTRAINT", "PIP_NO_BINARY", "PIP_REQUIRE_VIRTUALENV", "PIP_DRY_RUN")
    for name in (*kept, *dropped):
        monkeypatch.setenv(name, "x")
    environment = setup_env.pip_environment()
    assert set(kept) <= set(environment)
    assert not set(dropped) & set(environment)


def test_the_tests_meet_none_of_our_own_settings(setup_env: ModuleType) -> None:
    outer = {"DATABASE_URL": "postgres://production/preavis", "REDIS_URL": "redis://production", "HOME": "/home/ana"}
    assert setup_env.without_own_settings(outer) == {"HOME": "/home/ana"}


def test_the_stamp_changes_with_the_requirements_and_the_python(setup_env: ModuleType) -> None:
    stamps = [setup_env.fingerprint(name, version) for name in ("run", "test", "dev") for version in ((3, 11), (3, 12))]
    assert len(set(stamps)) == 6


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-test.txt", "requirements-bench.txt", "requirements-dev.txt"])
def test_requirements_are_pinned_by_hash_and_name_no_place(name: str) -> None:
    lines = (settings.BASE_DIR / name).read_text().splitlines()
    options = [line for line in lines if line.startswith("-")]
    assert not options
    assert not [line for line in lines if "://" in line or " @ " in line]
    pins = [line for line in lines if line and not line.startswith((" ", "#"))]
    assert all("==" in line and line.endswith("\\") for line in pins)
