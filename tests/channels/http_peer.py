from .contract import PATIENT
from .servers import DRIP, RESET, SILENCE, HttpServer


class HttpPeer:
    """What the peers behind an HTTP server have in common."""

    address = ""
    patience = PATIENT

    def __init__(self, server: HttpServer) -> None:
        self.server = server

    def received(self) -> int:
        return len(self.server.calls)

    def connections(self) -> int:
        return self.server.connections

    def refuse(self, *, permanent: bool, skip: int = 0) -> None:
        self.server.script.extend([*[self.server.default] * skip, (400, {}, "invalid") if permanent else (408, {}, "busy")])

    def answer_questions(self, answer: object) -> None:
        self.server.script.append(answer)

    def break_after_taking(self) -> None:
        self.server.script.append(RESET)

    def fall_silent_after_taking(self) -> None:
        self.server.script.append(SILENCE)

    def drip(self) -> None:
        self.server.script.append(DRIP)

    def vanish(self) -> None:
        self.server.stop()
