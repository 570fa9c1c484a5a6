"""Text messages in the small alphabet, so that they take as few parts as their words allow."""

import unicodedata

from apps.channels.sms_parts import GSM7_BASIC, GSM7_EXTENDED

_SAME_SIGN = str.maketrans(
    {
        **dict.fromkeys("–—−‑‐", "-"),
        **dict.fromkeys("’‘‚", "'"),
        **dict.fromkeys("“”„«»", '"'),
        **dict.fromkeys("\u00a0\u202f\u2009\t", " "),
        "…": "...",
        "œ": "oe",
        "Œ": "OE",
    }
)


def short_text(text: str) -> str:
    """One line in the small alphabet as far as its letters go: typographic signs become plain ones and ê becomes e.

    Letters of other scripts stay: a longer message is better than a wrong word.
    """
    line = " ".join(text.translate(_SAME_SIGN).split())
    return "".join(_small_letter(letter) for letter in line)


def _small_letter(letter: str) -> str:
    if letter in GSM7_BASIC or letter in GSM7_EXTENDED:
        return letter
    base = unicodedata.normalize("NFKD", letter)[0]
    return base if base in GSM7_BASIC else letter
