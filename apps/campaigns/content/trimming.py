"""A letter without what shows nowhere: each of its bytes is sent to every recipient, and Gmail cuts long letters off.

The frame is trimmed once, when it is compiled. Rules for what a letter has not are left out once its text is written, by the
tags and classes around its slots: values never become either, so what is rendered in full is trimmed alike.
"""

import re

# What MJML writes for mail programs that are no more, or a second time. A name in the frame has none of these signs unescaped.
_NEEDLESS = tuple(
    (re.compile(pattern, re.DOTALL), put)
    for pattern, put in (
        # The first says nothing in HTML; the second is for pictures drawn in VML.
        (r' xmlns="[^"]*" xmlns:v="[^"]*"', ""),
        # The first div says it too, which webmail keeps where it drops the page's own tags.
        (r'(<html [^<>]*?) dir="ltr"', r"\1"),
        # A section of one column: its table has no other beside it, and needs none around it.
        (
            r"<table[^<>]*><tbody><tr><td[^<>]*><!--\[if mso \| IE\]><table[^<>]*><tr><!\[endif\]-->"
            r'<!--\[if mso \| IE\]><td[^<>]*><!\[endif\]--><div class="mj-outlook-group-fix mj-column-per-100"[^<>]*>'
            r"(<table.*?</table>)</div><!--\[if mso \| IE\]></td><!\[endif\]-->"
            r"<!--\[if mso \| IE\]></tr></table><!\[endif\]--></td></tr></tbody></table>",
            r"\1",
        ),
        # Internet Explorer 9 was the last to read these comments.
        (r"<!--\[if mso \| IE\]>", "<!--[if mso]>"),
        (r"<!\[endif\]--><!--\[if mso\]>", ""),
        # Outlook has the width from the attribute, and we have no rule for the class.
        (r'(?: class="\w+-outlook")? style="width:600px;"', ""),
        (r'<table border="0"', "<table"),
        # MJML lets words break in each cell; what is said of the block goes for all cells in it.
        (r"word-break:break-word;", ""),
        (r'(<div[^<>]* style="[^"]*max-width:600px;)', r"\1word-break:break-word;"),
        (r"</?tbody>", ""),  # whoever reads HTML thinks it in
        (r" />", ">"),
    )
)
_INLINE = re.compile(r' style="([^"]*)"')
_NO_MATTER = re.compile(r"direction:ltr;|vertical-align:top;|(?<=\b0)px")
_AROUND_SIGNS = re.compile(r"\s*([{}:;,>])\s*|\s+(?=!)|^\s+")

_STYLE = re.compile(r"(?<=<style>)[^<]+")
_RULE = re.compile(r"(@?)([^{}@]+)(\{[^{}@]+\})")
_EMPTY = re.compile(r"@media[^{}]+\{\}")
_NAME = re.compile(r"(?<![\w:#\[(-])\.?[a-z][\w-]*")  # no id, no attribute, nothing behind a colon
_TAG = re.compile(r'<([a-z][a-z0-9]*)(?: [^<>]*?\bclass="([^"]*)")?')
_THOUGHT_IN = frozenset({"tbody"})

# No line of a letter may be longer than 998 octets. SMTP doubles dots at the beginning of one: it need not search for any.
_LONG_HTML = re.compile(r"([^\n]{400}[^\n]*?>)(?=<(?:table|td|div|meta|title|body|/body|img)\b|<!--\[)")
_LONG_CSS = re.compile(r"([^\n]{400}[^}]*\})(?=[^}])")


def trimmed(document: str) -> str:
    """A frame as MJML wrote it, in lines."""
    for pattern, put in _NEEDLESS:
        document = pattern.sub(put, document)
    document = _INLINE.sub(_inline, document)
    document = _STYLE.sub(lambda found: _AROUND_SIGNS.sub(r"\1", found[0]).replace(";}", "}"), document)
    return _LONG_HTML.sub(r"\1\n", document.replace("<style>", "\n<style>"))


def _inline(found: re.Match[str]) -> str:
    css = _NO_MATTER.sub("", found[1]).removesuffix(";")
    return f' style="{css}"' if css else ""


def worn(document: str) -> str:
    """The letter with only those rules in its head that something in it wears, as far as tags and classes tell."""
    names = _names(document)

    def rule(found: re.Match[str]) -> str:
        at, selectors, properties = found.groups()
        if at:  # of fonts, say
            return found[0]
        kept = [each for each in selectors.split(",") if names.issuperset(_NAME.findall(each))]
        return f"{','.join(kept)}{properties}" if kept else ""

    def style(found: re.Match[str]) -> str:
        return _LONG_CSS.sub("\\1\n ", _EMPTY.sub("", _RULE.sub(rule, found[0])))

    return _STYLE.sub(style, document)


def _names(document: str) -> frozenset[str]:
    """Of its tags, and of its classes with a dot before them."""
    tags = _TAG.findall(document)
    classes = (f".{name}" for _tag, names in tags for name in names.split())
    return _THOUGHT_IN.union((tag for tag, _names in tags), classes)
