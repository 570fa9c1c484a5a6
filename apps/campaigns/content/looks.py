"""How a letter looks: a brand by value, and the frame compiled of it.

A look that cannot be made of the brand as it stands gives way to the one out of the box: looks never hold up a message.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from typing import Self

import css_inline
from django.db import DatabaseError
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

from apps.common.public_addresses import public_url

from ..models import Brand
from . import colours
from .phrases import FALLBACK_LANGUAGE
from .shells import Shell, compile_shell, places, source_digest
from .slots import RESERVED

logger = logging.getLogger(__name__)

PARTS = ("letter", "foot", "colophon")
LOGO_HEIGHT, LOGO_WIDTH = 48, 240  # at most, as shown; twice as many pixels are kept
_INLINER = css_inline.CSSInliner(load_remote_stylesheets=False, minify_css=True)


@dataclass(frozen=True, kw_only=True)
class Palette:
    """The colours of one scheme; what is not chosen follows from what is."""

    page: str
    sheet: str
    text: str
    accent: str

    @property
    def quiet(self) -> str:
        return colours.quieter(self.text, self.sheet)

    @property
    def around(self) -> str:
        """Of what stands beside the sheet."""
        return colours.quieter(colours.nearest_readable(self.text, self.page), self.page)

    @property
    def line(self) -> str:
        return colours.mix(self.sheet, self.text, 0.16)

    @property
    def tint(self) -> str:
        return colours.mix(self.sheet, self.accent, 0.07)

    @property
    def tint_text(self) -> str:
        return colours.nearest_readable(self.text, self.tint)

    @property
    def link(self) -> str:
        return colours.nearest_readable(self.accent, self.sheet, self.tint)

    @property
    def on_accent(self) -> str:
        return colours.written_on(self.accent)

    @property
    def is_sound(self) -> bool:
        return all(map(colours.is_colour, (self.page, self.sheet, self.text, self.accent)))


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A logo as it is shown."""

    url: str
    width: int
    height: int

    @classmethod
    def of(cls, *, url: str, width: int, height: int) -> Self:
        scale = min(1.0, LOGO_WIDTH / width, LOGO_HEIGHT / height)
        return cls(url=url, width=max(1, round(width * scale)), height=max(1, round(height * scale)))


def logo_url(digest: str) -> str:
    """Where it stands for good, whatever becomes of the brand."""
    return public_url("publishing:logo", digest)


@dataclass(frozen=True, kw_only=True)
class Identity:
    """A brand by value."""

    name: str = ""
    address: str = ""
    footers: tuple[tuple[str, str], ...] = ()
    light: Palette
    dark: Palette
    logo: Picture | None = None

    @classmethod
    def of(cls, brand: Brand) -> Self:
        schemes = {
            scheme: Palette(**{part: getattr(brand, f"{scheme}_{part}").lower() for part in ("page", "sheet", "text", "accent")})
            for scheme in ("light", "dark")
        }
        footers = tuple((str(language), str(text).strip()) for language, text in sorted(dict(brand.footers).items()))
        kept = brand.logo
        logo = Picture.of(url=logo_url(kept.digest), width=kept.width, height=kept.height) if kept else None
        return cls(name=brand.name.strip(), address=brand.address.strip(), footers=footers, logo=logo, **schemes)

    def footer_in(self, language: str) -> str:
        texts = dict(self.footers)
        return texts.get(language, "") or texts.get(FALLBACK_LANGUAGE, "")

    @property
    def is_sound(self) -> bool:
        words = (self.name, self.address, *(text for _language, text in self.footers))
        return self.light.is_sound and self.dark.is_sound and not any(RESERVED in text for text in words)


@dataclass(frozen=True, kw_only=True, eq=False)
class Look:
    """An identity made ready to write letters in. Equal only to itself, so that it costs nothing to look up by."""

    identity: Identity
    shell: Shell

    @cached_property
    def styles(self) -> Mapping[str, str]:
        """CSS by part of a letter."""
        return {part: render_to_string(f"email/{part}.css", {"light": self.identity.light}) for part in PARTS}

    def dressed(self, fragment: str, part: str = "letter") -> SafeString:
        """The HTML of a part, its styles in its tags."""
        return mark_safe(_INLINER.inline_fragment(fragment, self.styles[part]))

    def foot(self, context: Mapping[str, object]) -> SafeString:
        return self.dressed(render_to_string("email/foot.html", dict(context)), "foot")

    def colophon(self, language: str) -> SafeString:
        texts = (self.identity.footer_in(language), self.identity.address)
        return self.dressed(render_to_string("email/colophon.html", {"texts": [text for text in texts if text]}), "colophon")


def current_look() -> Look:
    """Of the brand as it is saved, else the one out of the box. One query."""
    brand = Brand.objects.select_related("logo").defer("logo__content").first()
    if brand is None:
        return default_look()
    try:
        return look_of(Identity.of(brand), shell=brand.shell, digest=brand.shell_digest)
    except DatabaseError:
        raise
    except Exception:
        logger.exception("The brand cannot be used; letters look as they do without one")
        return default_look()


@lru_cache(maxsize=16)
def look_of(identity: Identity, *, shell: str = "", digest: str = "") -> Look:
    """`shell`: what was compiled when it was saved; used as long as `digest` says that it still is what would be compiled."""
    if not identity.is_sound:
        raise ValueError("the brand holds what is no colour, or reserved signs")
    source = shell_source(identity)
    is_current = bool(shell) and digest == source_digest(source)
    return Look(identity=identity, shell=Shell.cut(shell if is_current else compile_shell(source)))


@cache
def default_look() -> Look:
    return look_of(Identity.of(Brand()))


def shell_source(identity: Identity) -> str:
    """The MJML of the frame."""
    context = {
        "identity": identity,
        "light": identity.light,
        "dark": identity.dark,
        "has_colophon": bool(identity.address or any(text for _language, text in identity.footers)),
    }
    return render_to_string("email/layout.mjml", places() | context)
