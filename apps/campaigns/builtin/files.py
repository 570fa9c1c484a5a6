"""Reads the files in this folder into plain values; knows nothing of the database."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.utils.dateparse import parse_duration

FOLDER = Path(__file__).parent
KIND_OF_SUFFIX = {".chat.md": "chat", ".sms.txt": "sms", ".md": ""}  # the longer first
SUBJECT = "Subject: "
DURATIONS = ("offset", "repeat_every", "min_duration", "useful_for", "useful_until_before_start")


@dataclass(frozen=True, kw_only=True)
class Text:
    """One text as delivered; `channel_kind` empty is the general one."""

    content_key: str
    language: str
    channel_kind: str
    subject: str
    body: str

    def __str__(self) -> str:
        return " ".join(filter(None, (self.content_key, self.language, self.channel_kind)))


@dataclass(frozen=True, kw_only=True)
class PlaybookFile:
    """A playbook as delivered; each of `steps` names the fields of a `campaigns.Step`, segment and channel by slug."""

    slug: str
    name: str
    description: str
    is_default: bool
    steps: tuple[Mapping[str, Any], ...]


def texts() -> Iterator[Text]:
    for file in sorted(FOLDER.glob("texts/*/*")):
        suffix = next(suffix for suffix in KIND_OF_SUFFIX if file.name.endswith(suffix))
        first, _newline, rest = file.read_text(encoding="utf-8").partition("\n")
        has_subject = first.startswith(SUBJECT)
        yield Text(
            content_key=file.name.removesuffix(suffix),
            language=file.parent.name,
            channel_kind=KIND_OF_SUFFIX[suffix],
            subject=first.removeprefix(SUBJECT).strip() if has_subject else "",
            body=(rest if has_subject else first + "\n" + rest).strip(),
        )


def playbooks() -> Iterator[PlaybookFile]:
    for file in sorted(FOLDER.glob("playbooks/*.toml")):
        read = tomllib.loads(file.read_text(encoding="utf-8"))
        steps = [_step(moment, read["routes"][route]) for moment in read["moments"] for route in moment["routes"]]
        yield PlaybookFile(
            slug=read["slug"],
            name=read["name"],
            description=read["description"],
            is_default=read.get("is_default", False),
            steps=tuple({"position": position, **step} for position, step in enumerate(steps)),
        )


def basics() -> Mapping[str, list[dict[str, Any]]]:
    return tomllib.loads((FOLDER / "basics.toml").read_text(encoding="utf-8"))


def _step(moment: Mapping[str, Any], route: Mapping[str, Any]) -> dict[str, Any]:
    fields = {"segment": None, **moment, **route}
    fields["content_key"] = fields.pop("content")
    del fields["routes"]
    return fields | {name: _duration(fields[name]) for name in DURATIONS if name in fields}


def _duration(text: str) -> timedelta:
    found = parse_duration(text)
    if found is None:
        raise ValueError(f"“{text}” is not a duration.")
    return found
