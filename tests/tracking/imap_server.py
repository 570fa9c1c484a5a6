"""A small IMAP server on 127.0.0.1: enough of RFC 3501 for a reader, and what goes wrong with real ones."""

import re
import socketserver
import ssl
import threading
from typing import Any


class ImapServer(socketserver.ThreadingTCPServer):
    """`messages` by UID; `flags` of each; `breaks_on` names a command at which the connection is cut, once."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(
        self, *, tls: ssl.SSLContext | None = None, takes_marks: bool = True, starttls: ssl.SSLContext | None = None
    ) -> None:
        self.tls, self.starttls, self.takes_marks = tls, starttls, takes_marks
        self.messages: dict[int, bytes] = {}
        self.flags: dict[int, set[str]] = {}
        self.commands: list[str] = []
        self.breaks_on = ""
        self.folder = "INBOX"
        super().__init__(("127.0.0.1", 0), _Session)
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def deliver(self, content: bytes) -> int:
        uid = max(self.messages, default=0) + 1
        self.messages[uid], self.flags[uid] = content, set()
        return uid

    def stop(self) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that breaks is what some tests are about."""


class _Session(socketserver.StreamRequestHandler):
    server: ImapServer

    def setup(self) -> None:
        if self.server.tls:
            self.request = self.server.tls.wrap_socket(self.request, server_side=True)
        super().setup()

    def handle(self) -> None:
        self.say("* OK ready")
        while raw := self.rfile.readline():
            tag, command, *rest = raw.decode().rstrip("\r\n").split(" ", 2)
            words = rest[0] if rest else ""
            if command.upper() == "UID":
                command, _, words = words.partition(" ")
            command = command.upper()
            self.server.commands.append(f"{command} {words}".strip())
            if command == self.server.breaks_on:
                self.server.breaks_on = ""
                return
            answer = getattr(self, f"do_{command.lower()}")(words)
            self.say(f"{tag} {answer or 'OK done'}")
            if command == "STARTTLS":
                assert self.server.starttls
                self.request = self.server.starttls.wrap_socket(self.request, server_side=True)
                self.rfile, self.wfile = self.request.makefile("rb"), self.request.makefile("wb", 0)
            if command == "LOGOUT":
                return

    def finish(self) -> None:
        super().finish()
        self.request.close()

    def say(self, line: str) -> None:
        self.wfile.write(line.encode() + b"\r\n")

    def do_capability(self, words: str) -> None:
        self.say("* CAPABILITY IMAP4rev1" + (" STARTTLS" if self.server.starttls else ""))

    def do_starttls(self, words: str) -> None: ...

    def do_login(self, words: str) -> str:
        return "OK in" if words == 'inbox "secret"' else "NO [AUTHENTICATIONFAILED] Authentication failed."

    def do_select(self, words: str) -> str:
        if words != f'"{self.server.folder}"':
            return "NO [NONEXISTENT] Unknown Mailbox"
        self.say(f"* {len(self.server.messages)} EXISTS")
        self.say(r"* OK [PERMANENTFLAGS (\Seen \Flagged" + (r" \*" if self.server.takes_marks else "") + ")] Limited")
        return "OK [READ-WRITE] selected"

    def do_search(self, words: str) -> None:
        flag = found[1] if (found := re.match(r"UNKEYWORD (\S+)", words)) else r"\Seen"
        self.say("* SEARCH " + " ".join(str(uid) for uid, flags in self.server.flags.items() if flag not in flags))

    def do_fetch(self, words: str) -> None:
        uid = int(words.split()[0])
        content = self.server.messages.get(uid)
        if content is None:
            return
        if "RFC822.SIZE" in words:
            self.say(f"* {uid} FETCH (UID {uid} RFC822.SIZE {len(content)})")
        else:
            assert "BODY.PEEK[]" in words
            self.wfile.write(f"* {uid} FETCH (UID {uid} BODY[] {{{len(content)}}}\r\n".encode() + content + b")\r\n")

    def do_store(self, words: str) -> None:
        uid, _, flags = words.split(" ", 2)
        self.server.flags[int(uid)] |= set(flags.strip("()").split())

    def do_logout(self, words: str) -> None:
        self.say("* BYE")
