"""A calendar file of somebody else's cut into components and properties, each with the line on which it stands. Pure.

Our own, because it has to go on where a library gives up: one event that cannot be read must not take the others with it,
and ten thousand of them must not take a minute.
"""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

LONGEST_HEAD = 2000  # name and parameters of a property; what is longer was made to hurt
_LINE_ENDS = re.compile(rb"\r\n|\r|\n")
_PROPERTY = re.compile(r"[A-Za-z0-9-]+[;:]")
_PARAMETER = re.compile(r';\s*([^=;"\s]+)\s*=((?:"[^"]*"|[^;"])*)')
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_ENCODINGS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Property:
    name: str  # in capitals
    value: str  # as it stands in the file, still escaped
    line: int
    params: Mapping[str, str]

    @property
    def text(self) -> str:
        r"""The value of a TEXT property: `\n`, `\,`, `\;` and `\\` undone, once."""
        if "\\" not in self.value:
            return self.value
        return _ESCAPED.sub(lambda found: "\n" if found[1] in "nN" else found[1], self.value)


@dataclass(kw_only=True, slots=True)
class Component:
    """An event or a zone, with all lines of its own; those of the parts inside it stand under `parts`."""

    name: str
    line: int
    properties: list[Property] = field(default_factory=list)
    parts: list["Component"] = field(default_factory=list)
    raw: list[str] = field(default_factory=list)

    def first(self, name: str) -> Property | None:
        return next((prop for prop in self.properties if prop.name == name), None)

    def every(self, name: str) -> list[Property]:
        return [prop for prop in self.properties if prop.name == name]


def read_components(content: bytes) -> Component:
    """The file as one component; what is never ended ends with the file or where its like begins."""
    root = Component(name="", line=1)
    path = [root]
    for line, text in _logical_lines(_plain(content)):
        if len(path) > 1:
            path[1].raw.append(text)
        name, _, value = text.partition(":")
        word, name = value.strip().upper(), name.strip().upper()
        if name == "BEGIN":
            _begin(path, word, line, text)
        elif name == "END":
            _end(path, word)
        elif prop := _property(text, line):
            path[-1].properties.append(prop)
    return root


def _begin(path: list[Component], word: str, line: int, text: str) -> None:
    if word == "VCALENDAR":
        del path[1:]
        return
    if word in ("VEVENT", "VTIMEZONE"):
        del path[1:]  # neither stands inside another: the one before was not ended
    if len(path) > 8:  # nothing honest is nested so deep
        return
    part = Component(name=word, line=line, raw=[text] if len(path) == 1 else [])
    path[-1].parts.append(part)
    path.append(part)


def _end(path: list[Component], word: str) -> None:
    if word in [part.name for part in path[1:]]:
        while path.pop().name != word:
            pass


def _plain(content: bytes) -> bytes:
    """UTF-8 or what its writer took for text; some providers send the whole file in base64."""
    for mark, encoding in _ENCODINGS:
        if content.startswith(mark):
            return content.decode(encoding, errors="replace").encode()
    if b"BEGIN:" not in content[:LONGEST_HEAD].upper():
        try:
            decoded = base64.b64decode(b"".join(content.split()), validate=True)
        except (binascii.Error, ValueError):
            return content
        return decoded if b"BEGIN:" in decoded[:LONGEST_HEAD].upper() else content
    return content


def _logical_lines(content: bytes) -> Iterator[tuple[int, str]]:
    """Unfolded lines with their numbers. A line that is no property goes on with the one before: a raw line break in a text."""
    number, parts = 1, list[bytes]()
    for at, line in enumerate(_LINE_ENDS.split(content), start=1):
        if line[:1] in (b" ", b"\t") and parts:
            parts.append(line[1:])
        elif parts and line.strip() and not _PROPERTY.match(line[:LONGEST_HEAD].decode("ascii", "replace")):
            parts.append(b"\\n" + line)
        else:
            if parts:
                yield number, _decoded(b"".join(parts))
            number, parts = at, [line] if line.strip() else []
    if parts:
        yield number, _decoded(b"".join(parts))


def _decoded(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("cp1252", errors="replace")


def _property(text: str, line: int) -> Property | None:
    head = text[:LONGEST_HEAD]
    colon = _colon(head)
    if colon < 1:
        return None
    name, _, rest = head[:colon].partition(";")
    params = {found[1].upper(): found[2].strip().strip('"') for found in _PARAMETER.finditer(";" + rest if rest else "")}
    return Property(name=name.strip().upper(), value=text[colon + 1 :], line=line, params=params)


def _colon(head: str) -> int:
    """Where the value begins: the first colon outside quotes, or the first at all where a quote is never closed."""
    at = 0
    while True:
        colon, quote = head.find(":", at), head.find('"', at)
        if quote < 0 or colon < quote:
            return colon
        closing = head.find('"', quote + 1)
        if closing < 0:
            return colon
        at = closing + 1
