import socket
import threading
from concurrent.futures import ThreadPoolExecutor

from demo.ports import HOST, Ports, held_ports

ANY = Ports(web=0, mailbox=0, smtp=0)


def numbers(ports: Ports) -> set[int]:
    return {ports.web, ports.mailbox, ports.smtp}


def test_a_busy_port_is_avoided() -> None:
    with socket.socket() as busy:
        busy.bind((HOST, 0))
        busy.listen()
        taken = busy.getsockname()[1]
        with held_ports(Ports(web=taken, mailbox=0, smtp=0)) as ports:
            assert taken not in numbers(ports)
            assert len(numbers(ports)) == 3


def test_a_free_port_is_kept_and_can_be_listened_on() -> None:
    with held_ports(ANY) as wished:
        pass
    with held_ports(wished) as ports, socket.create_server((HOST, ports.web)):
        assert ports == wished


def test_what_one_demo_has_chosen_another_avoids_before_anybody_listens() -> None:
    with held_ports(ANY) as first, held_ports(first) as second:
        assert not numbers(first) & numbers(second)


def test_of_demos_that_start_at_once_each_has_ports_of_its_own() -> None:
    with held_ports(ANY) as wished:
        pass
    start, all_chosen = threading.Barrier(8), threading.Barrier(8)

    def choose(_number: int) -> Ports:
        start.wait()
        with held_ports(wished) as ports:
            all_chosen.wait()
            return ports

    with ThreadPoolExecutor(8) as pool:
        chosen = list(pool.map(choose, range(8)))
    assert len(set().union(*map(numbers, chosen))) == 24
