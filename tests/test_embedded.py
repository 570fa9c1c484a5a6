import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from config import embedded


@pytest.fixture
def var_dir(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    embedded.stop(tmp_path)


def pid_of(var_dir: Path) -> int:
    with redis.Redis.from_url(embedded.url(var_dir)) as client:
        return int(client.info("server")["process_id"])


def test_it_starts_once_and_is_shared(var_dir: Path) -> None:
    embedded.ensure_running(embedded.url(var_dir), var_dir)
    first = pid_of(var_dir)
    embedded.ensure_running(embedded.url(var_dir), var_dir)
    assert pid_of(var_dir) == first


def test_processes_that_start_together_share_one(var_dir: Path) -> None:
    code = "import sys; from pathlib import Path; from config import embedded as e; d = Path(sys.argv[1]); e.ensure_running(e.url(d), d)"
    starters = [subprocess.Popen([sys.executable, "-c", code, str(var_dir)]) for _ in range(3)]
    assert [starter.wait(20) for starter in starters] == [0, 0, 0]
    assert pid_of(var_dir)


def test_one_that_is_slow_to_answer_is_not_replaced(var_dir: Path) -> None:
    """Whoever is connected to it would stay there, apart from whoever comes later."""
    embedded.ensure_running(embedded.url(var_dir), var_dir)
    first = pid_of(var_dir)
    os.kill(first, signal.SIGSTOP)
    try:
        embedded.ensure_running(embedded.url(var_dir), var_dir)
    finally:
        os.kill(first, signal.SIGCONT)
    assert pid_of(var_dir) == first


def test_one_that_was_killed_is_replaced(var_dir: Path) -> None:
    embedded.ensure_running(embedded.url(var_dir), var_dir)
    first = pid_of(var_dir)
    os.kill(first, signal.SIGKILL)
    while embedded.is_running(var_dir):
        pass
    embedded.ensure_running(embedded.url(var_dir), var_dir)
    assert pid_of(var_dir) != first


def test_only_this_account_may_open_its_socket(var_dir: Path) -> None:
    embedded.ensure_running(embedded.url(var_dir), var_dir)
    assert stat.S_IMODE(embedded.socket_path(var_dir).stat().st_mode) == 0o700


def test_it_listens_on_no_port_and_saves_nothing(var_dir: Path) -> None:
    embedded.ensure_running(embedded.url(var_dir), var_dir)
    with redis.Redis.from_url(embedded.url(var_dir)) as client:
        assert client.config_get("port")["port"] == "0"
        assert client.config_get("save")["save"] == ""


def test_it_is_gone_when_stop_returns(var_dir: Path) -> None:
    embedded.ensure_running(embedded.url(var_dir), var_dir)
    embedded.stop(var_dir)
    with pytest.raises(redis.ConnectionError), redis.Redis.from_url(embedded.url(var_dir)) as client:
        client.ping()


def test_stopping_what_does_not_run_does_nothing(tmp_path: Path) -> None:
    embedded.stop(tmp_path)


def test_any_other_redis_is_left_alone(tmp_path: Path) -> None:
    embedded.ensure_running("redis://redis.example:6379/0", tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["a folder", "50% #1?", "né"])
def test_any_folder_name_will_do(tmp_path: Path, name: str) -> None:
    var_dir = tmp_path / name
    embedded.ensure_running(embedded.url(var_dir), var_dir)
    assert pid_of(var_dir)
    embedded.stop(var_dir)


def test_a_path_too_long_for_a_socket_is_replaced_by_a_short_one(tmp_path: Path) -> None:
    far = tmp_path / ("x" * 120)
    assert len(str(embedded.socket_path(far))) <= embedded.LONGEST_SOCKET_PATH
    assert embedded.socket_path(far) == embedded.socket_path(far)
    assert embedded.socket_path(far) != embedded.socket_path(tmp_path / ("y" * 120))
