"""python -m demo.mailbox --store PATH --smtp-port N --http-port N --site-url URL"""

import argparse
import logging
import signal
import threading
from pathlib import Path

from . import smtp
from .store import Store
from .web import Server


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m demo.mailbox")
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--smtp-port", type=int, required=True)
    parser.add_argument("--http-port", type=int, required=True)
    parser.add_argument("--site-url", required=True)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="{asctime} {levelname} {name}: {message}", style="{")
    logging.getLogger("mail.log").setLevel(logging.WARNING)  # of the SMTP server, which notes every command
    store = Store(options.store)
    receiver = smtp.start(store, port=options.smtp_port)
    server = Server(store, port=options.http_port, site_url=options.site_url)
    for number in (signal.SIGTERM, signal.SIGINT):
        # shutdown() waits for serve_forever() to end and so must not be called by the thread that runs it.
        signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
    logging.getLogger("mailbox").info("SMTP on port %s, pages on port %s", options.smtp_port, options.http_port)
    server.serve_forever(poll_interval=0.2)
    receiver.stop()
    store.close()


if __name__ == "__main__":
    main()
