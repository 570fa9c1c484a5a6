import stat
from pathlib import Path

import pytest

from demo.environment import demo_environment, own_names
from demo.places import Places
from demo.ports import USUAL_PORTS, Ports
from demo.supervisor import Failed, only_demo_of


@pytest.fixture
def places(tmp_path: Path) -> Places:
    places = Places(folder=tmp_path / "demo")
    places.make()
    return places


def test_the_ports_of_the_last_start_are_remembered(places: Places) -> None:
    assert places.last_ports() == USUAL_PORTS
    places.remember_ports(Ports(web=1, mailbox=2, smtp=3))
    assert places.last_ports() == Ports(web=1, mailbox=2, smtp=3)


@pytest.mark.parametrize("content", ["", "[]", '{"web": 1}', '{"wab": 1}'])
def test_a_broken_note_of_ports_is_ignored(places: Places, content: str) -> None:
    (places.folder / "ports.json").write_text(content)
    assert places.last_ports() == USUAL_PORTS


def test_a_second_demo_of_one_folder_is_refused_and_says_where_the_first_is(places: Places) -> None:
    places.remember_ports(Ports(web=8123, mailbox=2, smtp=3))
    with only_demo_of(places), pytest.raises(Failed, match=r"127\.0\.0\.1:8123"), only_demo_of(places):
        pass


def test_the_secret_key_is_private_and_lasts(places: Places) -> None:
    key = places.secret_key()
    assert places.secret_key() == key
    assert stat.S_IMODE((places.folder / "secret-key").stat().st_mode) == 0o600


def test_nothing_of_ours_in_the_shell_reaches_the_demo(places: Places) -> None:
    outer = dict.fromkeys(own_names(), "foreign") | {"HOME": "/home/ana"}
    environment = demo_environment(places, USUAL_PORTS, outer=outer)
    assert "foreign" not in environment.values()
    assert environment["HOME"] == "/home/ana"
    assert environment["DATABASE_URL"] == ""
