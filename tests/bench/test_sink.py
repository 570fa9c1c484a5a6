import asyncio

from bench.sink import Report, Session

COMMANDS = b"EHLO there\r\nMAIL FROM:<a@x.org>\r\nRCPT TO:<b@t7.example.org>\r\nDATA\r\n"


class Line:
    """What a session writes to."""

    def __init__(self) -> None:
        self.written: list[bytes] = []

    def write(self, text: bytes) -> None:
        self.written.append(text)

    def is_closing(self) -> bool:
        return False


def opened(report: Report, **manners) -> tuple[Session, Line]:
    session, line = Session(report, **({"delay": 0.0, "per_trip": False} | manners)), Line()
    session.connection_made(line)
    return session, line


def test_message_is_counted_however_its_bytes_arrive() -> None:
    for size in (1, 7, 4096):
        report = Report()
        session, line = opened(report)
        letter = COMMANDS + b"Subject: x\r\n\r\n..dot\r\n.\r\n"
        for place in range(0, len(letter), size):
            session.data_received(letter[place : place + size])
        assert report.messages == {"t7.example.org": 1}
        assert b"".join(line.written).count(b"250 ") == 4


def test_pipelined_messages_are_told_apart() -> None:
    report = Report()
    session, _line = opened(report)
    session.data_received(COMMANDS + b"one\r\n.\r\nMAIL FROM:<a@x.org>\r\nRCPT TO:<b@t8.example.org>\r\nDATA\r\ntwo\r\n.\r\n")
    assert report.messages == {"t7.example.org": 1, "t8.example.org": 1}
    assert report.bytes["t8.example.org"] == len(b"two\r\n")


def replies_after(seconds: float, **manners) -> int:
    """How many replies to four commands sent together have left by then; time is the loop's own."""

    async def talk() -> int:
        session, line = opened(Report(), **manners)
        loop = asyncio.get_running_loop()
        scheduled: list[float] = []
        loop.call_at = lambda at, write, text: scheduled.append(at)  # type: ignore[method-assign]
        began = loop.time()
        session.free_at = began
        session.data_received(COMMANDS)
        assert not line.written
        return sum(at - began <= seconds for at in scheduled)

    return asyncio.run(talk())


def test_slow_server_takes_its_time_for_each_command() -> None:
    assert replies_after(100.5, delay=50.0, per_trip=False) == 2
    assert replies_after(200.5, delay=50.0, per_trip=False) == 4


def test_over_a_long_line_what_was_asked_together_is_answered_together() -> None:
    assert replies_after(50.5, delay=50.0, per_trip=True) == 1  # one piece with all four
