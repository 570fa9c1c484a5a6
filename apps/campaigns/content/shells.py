"""The frame of a letter: MJML, compiled to HTML once for a brand, cut where each letter has its own.

MJML knows what Outlook, Gmail and Apple Mail make of tables, widths and paddings; what it writes is kept with the brand.
"""

import hashlib
import re
from dataclasses import dataclass
from typing import Self

from django.utils.safestring import SafeString, mark_safe

from .slots import RESERVED, SUBJECT, TEAM, mark
from .trimming import trimmed

HOLES = ("language", "preheader", "body", "foot", "colophon", "pixel")
NEEDED = frozenset(HOLES) - {"colophon"}

_HOLE = re.compile(rf"{RESERVED}({'|'.join(HOLES)}){RESERVED}")
# MJML's own head is for frames of any kind; what ours needs stands behind this.
_HEAD = f"{RESERVED}head{RESERVED}"
# A paragraph is one line, and may be a long one; so it shares its own with as little as possible.
_TEXTS = re.compile(rf'<div class="preheader"|{RESERVED}body{RESERVED}')
_FOREIGN_HEAD = re.compile(rf"(?<=<head>).*?{_HEAD}", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Shell:
    """`parts` has one item more than `holes`."""

    parts: tuple[str, ...]
    holes: tuple[str, ...]

    @classmethod
    def cut(cls, document: str) -> Self:
        """Raises ValueError for a document that no letter could be put into."""
        pieces = _HOLE.split(document)
        holes = tuple(pieces[1::2])
        if missing := NEEDED - set(holes):
            raise ValueError(f"the frame has no place for {', '.join(sorted(missing))}")
        return cls(parts=tuple(pieces[0::2]), holes=holes)

    def filled(self, **values: str) -> str:
        """`values` are HTML, by hole."""
        parts = [self.parts[0]]
        for hole, part in zip(self.holes, self.parts[1:], strict=True):
            parts += values[hole], part
        return "".join(parts)


def places() -> dict[str, SafeString]:
    """What stands in a frame for what each letter has of its own: holes, and the slots that a frame shares with its texts."""
    return {
        **{name: mark_safe(f"{RESERVED}{name}{RESERVED}") for name in HOLES},
        "head": mark_safe(_HEAD),
        "title": mark_safe(mark(SUBJECT)),
        "team": mark_safe(mark(TEAM)),
    }


def compile_shell(source: str) -> str:
    """The HTML of a frame written in MJML; raises ValueError where it is none."""
    from mjml import mjml2html  # costs time to import, and most processes find the frame compiled

    document = _FOREIGN_HEAD.sub("", mjml2html(source, fonts={}))
    document = document.replace("</body>", f"{RESERVED}pixel{RESERVED}</body>", 1)
    return _TEXTS.sub(r"\n\g<0>", trimmed(document))


def source_digest(source: str) -> str:
    return hashlib.sha256(source.encode()).hexdigest()
