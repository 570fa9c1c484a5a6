"""Content: what a touchpoint says to one recipient, from Liquid + Markdown templates.

The way of a text: choice (which template) → liquid (marks in place of values) → markdown (HTML, text, chat) → layout
(the finished document, cut at its marks) → compiled (kept; a message is a join). Values meet the text only in the last
step, escaped for the place they go to.
"""

from .check import check_template
from .compiled import Compiled, Content, Material, gather, render
from .context import language_of, zone_of
from .errors import ContentError
from .variables import VARIABLES, Variable
from .webhook import webhook_data

__all__ = [
    "VARIABLES",
    "Compiled",
    "Content",
    "ContentError",
    "Material",
    "Variable",
    "check_template",
    "gather",
    "language_of",
    "render",
    "webhook_data",
    "zone_of",
]
