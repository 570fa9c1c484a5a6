"""Content: what a touchpoint says to one recipient, from Liquid + Markdown templates.

The way of a text: choice (which template) → liquid (marks in place of values) → markdown (HTML, text, chat) → layout
(the finished document, cut at its marks) → compiled (kept; a message is a join). Values meet the text only in the last
step, escaped for the place they go to. For letters by SMTP the finished documents are kept as bytes (wire), for providers that merge
as form letters.
"""

from .check import Problem, check_template, problems_of
from .compiled import Compiled, Content, Material, gather, render
from .context import Reader, known_language, language_of, zone_of
from .errors import ContentError
from .form_letters import MergedLetter
from .kept import keep, material_of
from .slots import FIRST_LINK, NOTICE, PIXEL, UNSUBSCRIBE, Encoder, Pattern
from .variables import VARIABLES, Variable
from .webhook import webhook_data
from .wire import Letter, WiredLetter

__all__ = [
    "FIRST_LINK",
    "NOTICE",
    "PIXEL",
    "UNSUBSCRIBE",
    "VARIABLES",
    "Compiled",
    "Content",
    "ContentError",
    "Encoder",
    "Letter",
    "Material",
    "MergedLetter",
    "Pattern",
    "Problem",
    "Reader",
    "Variable",
    "WiredLetter",
    "check_template",
    "gather",
    "keep",
    "known_language",
    "language_of",
    "material_of",
    "problems_of",
    "render",
    "webhook_data",
    "zone_of",
]
