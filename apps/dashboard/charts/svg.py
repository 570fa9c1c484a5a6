"""The few elements that the charts are drawn with. Everything that is text is escaped."""

from collections.abc import Iterable

from django.utils.html import conditional_escape, escape
from django.utils.safestring import SafeString, mark_safe

Attribute = str | int | float


def element(tag: str, *children: str, **attributes: Attribute) -> SafeString:
    """`class_` and `text_anchor` become `class` and `text-anchor`; coordinates are rounded to a tenth."""
    written = "".join(f' {_name(name)}="{_value(value)}"' for name, value in attributes.items())
    return mark_safe(f"<{tag}{written}>{join(children)}</{tag}>")


def join(parts: Iterable[str]) -> SafeString:
    return mark_safe("".join(conditional_escape(part) for part in parts))


def chart(name: str, *children: str, width: int, height: int, title: str, description: str) -> SafeString:
    """An accessible drawing: title and description stand for it, its shapes are not read one by one."""
    return element(
        "svg",
        element("title", title, id=f"{name}-title"),
        element("desc", description, id=f"{name}-desc"),
        *children,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {width} {height}",
        role="img",
        aria_labelledby=f"{name}-title {name}-desc",
        class_=f"chart chart-{name}",
    )


def rect(x: float, y: float, width: float, height: float, class_: str, *, tooltip: str = "", rx: float = 2) -> SafeString:
    children = [element("title", tooltip)] if tooltip else []
    return element("rect", *children, x=x, y=y, width=max(0.0, width), height=max(0.0, height), rx=rx, class_=class_)


def line(x1: float, y1: float, x2: float, y2: float, class_: str) -> SafeString:
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=class_)


def text(x: float, y: float, words: str, class_: str = "", *, anchor: str = "start") -> SafeString:
    return element("text", words, x=x, y=y, text_anchor=anchor, class_=f"label {class_}".strip())


def steps(points: Iterable[tuple[float, float]], class_: str) -> SafeString:
    path = "M" + " L".join(f"{_value(x)} {_value(y)}" for x, y in points)
    return element("path", d=path, class_=class_)


def _name(name: str) -> str:
    return name if name == "viewBox" else name.rstrip("_").replace("_", "-")


def _value(value: Attribute) -> str:
    """Only words have to be escaped; a chart has a thousand numbers."""
    if isinstance(value, float):
        return f"{value:.1f}".rstrip("0").rstrip(".")
    return escape(value) if isinstance(value, str) else str(value)
