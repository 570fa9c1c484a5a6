"""Content: what a touchpoint says to one recipient, from Liquid + Markdown templates.

The way of a text: choice (which template) → liquid (marks in place of values) → markdown (HTML, text, chat) → layout
(the finished document, cut at its marks) → compiled (kept; a message is a join). Values meet the text only in the last
step, escaped for the place they go to.
"""

from ..context import language_of, zone_of
from .compiled import Compiled, Content, Material, gather, render
from .errors import ContentError

__all__ = ["Compiled", "Content", "ContentError", "Material", "gather", "language_of", "render", "zone_of"]
