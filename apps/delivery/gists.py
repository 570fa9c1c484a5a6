"""What a provider said, without what differs from message to message, so that alike answers can be counted. Pure."""

import re

LONGEST = 160
_ADDRESS = re.compile(r"<?[^\s<>@\"']+@[^\s<>@\"',;]+[\w>]")
_WEB = re.compile(r"https?://\S+")
_NUMBER = re.compile(r"\+?\d[\d \-]{6,}\d")
# A queue's or a message's name: mixed letters and digits, or many digits; not “5.1.1”, “550” or a word.
_NAME = re.compile(r"\b(?=[\w\-]*\d)(?=[\w\-]*[A-Za-z])[\w\-]{8,}\b|\b\d{5,}\b")
_SPACE = re.compile(r"\s+")


def gist(text: str) -> str:
    """“550 5.1.1 <cem@example.org>: no such user (k3J9x2mQ81)” becomes “550 5.1.1 <…>: no such user (…)”."""
    for pattern, sign in ((_WEB, "…"), (_ADDRESS, "<…>"), (_NUMBER, "…"), (_NAME, "…")):
        text = pattern.sub(sign, text)
    return _SPACE.sub(" ", text).strip()[:LONGEST]
