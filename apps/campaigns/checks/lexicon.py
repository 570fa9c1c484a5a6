"""The words by which a tone is known, in each language, and where they stand in a text. Pure.

Lists of words for people to read and complete are in `lexicons/`; a language without one is not judged.
"""

import re
import tomllib
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

_FOLDER = Path(__file__).parent / "lexicons"
_NOTHING = re.compile(r"(?!)")
_ONE_SPELLING = str.maketrans("'\u2018\u00a0\u202f\u2011", "\u2019\u2019  -")  # sign for sign, so that places stay


@dataclass(frozen=True, kw_only=True)
class Hit:
    """`words` as they stand in the text, in its line `line` (from 1)."""

    words: str
    line: int
    start: int
    end: int


def languages() -> frozenset[str]:
    return frozenset(file.stem for file in _FOLDER.glob("*.toml"))


@lru_cache(maxsize=1024)  # texts are read far more often than they change
def hits(tone: str, text: str, language: str) -> tuple[Hit, ...]:
    """Where `text` has the words of a `tone`: minimises, blames, promises, vague, apologises, thanks, help."""
    places = (found.span() for found in _tones(language).get(tone, _NOTHING).finditer(text.translate(_ONE_SPELLING)))
    return tuple(
        Hit(words=" ".join(text[start:end].split()), line=text.count("\n", 0, start) + 1, start=start, end=end)
        for start, end in places
    )


def has(tone: str, text: str, language: str) -> bool:
    return _tones(language).get(tone, _NOTHING).search(text.translate(_ONE_SPELLING)) is not None


@cache
def _tones(language: str) -> dict[str, re.Pattern[str]]:
    file = _FOLDER / f"{language}.toml"
    if language not in languages():
        return {}
    lists = tomllib.loads(file.read_text(encoding="utf-8"))
    return {tone: _pattern(found["words"], found["patterns"]) for tone, found in lists.items()}


def _pattern(words: list[str], patterns: list[str]) -> re.Pattern[str]:
    """The longer of two words first, so that what is quoted is the whole of it; patterns before words."""
    plain = [_word(word) for word in sorted(words, key=len, reverse=True)]
    bounded = [rf"(?<!\w)(?:{pattern})(?!\w)" for pattern in (*patterns, *plain)]
    return re.compile("|".join(bounded), re.IGNORECASE)


def _word(word: str) -> str:
    text = re.escape(word.removesuffix("*").translate(_ONE_SPELLING)).replace(r"\ ", r"\s+")
    return text + (r"\w*" if word.endswith("*") else "")
