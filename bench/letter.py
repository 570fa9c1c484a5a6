"""The peers' template, made of a message that Preavis really sent: so everybody sends the same bytes.

What a recipient's message has of its own becomes a variable of Django's template language; likewise what the planner
wrote. Only the rendered times stay as they are, which spares the peers some work.
"""

import email
import json
import re
from email import policy
from pathlib import Path
from typing import Any

from . import text
from .contenders import Place
from .contenders.preavis import make_due, make_scene
from .installation import SENDER, SITE_URL, Installation
from .servers import Ledger, OwnSink

_SIGNED = re.compile(rf"{re.escape(SITE_URL)}/\w+/[\w.-]{{30,}}")
# Sent as they are by everybody. Message-ID and Date are made anew by each.
KEPT_HEADERS = (
    "In-Reply-To", "References", "Content-Language", "Auto-Submitted", "X-Auto-Response-Suppress", "List-Unsubscribe-Post",
)  # fmt: skip


def write_letter(place: Place) -> Path:
    """Where the peers find it: subject, text, html and unsubscribe_url as templates, the values that all share, headers."""
    file = place.folder / "letter.json"
    if not file.exists():
        file.write_text(json.dumps(as_template(one_message(place))))
    return file


def one_message(place: Place) -> bytes:
    """What Preavis sends to the marked person."""
    name = place.databases.make()
    url = place.databases.url(name)
    scene = make_scene(place, url, 1, "mark")
    place.valkey.empty()
    sink = OwnSink(place.folder)
    ledger = Ledger(url)
    try:
        installation = Installation(place.folder, database_url=url, redis_url=place.valkey.url, smtp_port=sink.port)
        make_due(ledger, scene["w"])
        installation.inside("expand", scene["w"])
        installation.inside("loop")
    finally:
        ledger.close()
        report = sink.close()
        place.databases.drop(name)
    return str(report["sample"]).encode()


def as_template(raw: bytes) -> dict[str, Any]:
    message = email.message_from_bytes(raw.replace(b"\r\n..", b"\r\n."), policy=policy.default)
    plain, rich = message.get_body(("plain",)), message.get_body(("html",))
    assert plain is not None, "Preavis sends a text"
    assert rich is not None, "and HTML"
    bodies = {part: body.get_content().replace("\r\n", "\n") for part, body in (("text", plain), ("html", rich))}
    links = sorted(set(_SIGNED.findall("".join(bodies.values()))))
    leave = message["List-Unsubscribe"].strip(" \r\n<>")
    names = {url: "unsubscribe" if url == leave else f"link_{place}" for place, url in enumerate(links)}
    return {
        "sender": SENDER,
        "subject": _marked(message["Subject"], names),
        **{part: _marked(body, names) for part, body in bodies.items()},
        "paths": {name: re.sub(r"[\w.-]{30,}", "{}", url) for url, name in names.items()},
        "shared": {name: value for value, name in SHARED.items()},
        "headers": {name: str(message[name]) for name in KEPT_HEADERS if message[name]},
        "bytes": len(raw),
    }


SHARED = {
    text.TITLE: "title",
    ", ".join(text.SERVICES): "services",
}


def _marked(body: str, links: dict[str, str]) -> str:
    name, organisation = text.MARKED
    own = {name: "name", organisation: "organisation", name.split()[0]: "first_name"}
    for value, variable in (SHARED | links | own).items():
        body = body.replace(value, f"{{{{ {variable} }}}}")
    return body
