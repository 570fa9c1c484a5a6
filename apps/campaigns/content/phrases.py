"""The words that messages are completed with, in the recipient's language; the texts themselves are templates."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

FALLBACK_LANGUAGE = "en"

_FOLDER = Path(__file__).parent.parent / "builtin" / "phrases"


@cache
def phrases(language: str) -> Mapping[str, Any]:
    """The phrases of a language; English for one that has none."""
    file = _FOLDER / f"{language}.toml"
    if not file.exists():
        file = _FOLDER / f"{FALLBACK_LANGUAGE}.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))
