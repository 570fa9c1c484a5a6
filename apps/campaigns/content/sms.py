"""Text messages: the GSM 7-bit alphabet, in which 160 characters are one part; one letter outside it leaves 70."""

import unicodedata

GSM_7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_7_DOUBLE = frozenset("^{}\\[~]|€")  # two places each

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
    if letter in GSM_7 or letter in GSM_7_DOUBLE:
        return letter
    base = unicodedata.normalize("NFKD", letter)[0]
    return base if base in GSM_7 else letter


def sms_parts(text: str) -> int:
    """How many parts the text is sent, and paid, as."""
    if all(letter in GSM_7 or letter in GSM_7_DOUBLE for letter in text):
        size, single, several = len(text) + sum(letter in GSM_7_DOUBLE for letter in text), 160, 153
    else:
        size, single, several = len(text.encode("utf-16-le")) // 2, 70, 67
    return 1 if size <= single else -(-size // several)
