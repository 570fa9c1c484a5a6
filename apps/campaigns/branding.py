"""The verb that changes how letters look, and the sentences about colours that cannot be read."""

import hashlib
from collections.abc import Iterator
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy

from apps.accounts.models import User
from apps.accounts.services import record_change
from apps.accounts.trail.snapshots import digest, stored, taken

from .content import colours
from .content.looks import Identity, shell_source
from .content.shells import compile_shell, source_digest
from .models import Brand, Logo

# By what is written, and in which scheme; whole sentences, since languages build them differently.
UNREADABLE = {
    ("text", "light"): gettext_lazy(
        "In light, text in %(colour)s is hard to read on %(sheet)s: its contrast is %(contrast)s where 4.5 is needed. "
        "%(nearest)s would do."
    ),
    ("text", "dark"): gettext_lazy(
        "In dark, text in %(colour)s is hard to read on %(sheet)s: its contrast is %(contrast)s where 4.5 is needed. "
        "%(nearest)s would do."
    ),
    ("accent", "light"): gettext_lazy(
        "In light, links in %(colour)s are hard to read on %(sheet)s: their contrast is %(contrast)s where 4.5 is needed. "
        "%(nearest)s would do."
    ),
    ("accent", "dark"): gettext_lazy(
        "In dark, links in %(colour)s are hard to read on %(sheet)s: their contrast is %(contrast)s where 4.5 is needed. "
        "%(nearest)s would do."
    ),
}


OWN = frozenset(field.name for field in Brand._meta.concrete_fields if field.editable)


def mark_of(brand: Brand) -> str:
    """Of what somebody has looked at before changing it."""
    return digest(taken(brand, only=OWN))


def current_brand() -> Brand:
    """The one that is saved, else one as letters look without."""
    return Brand.objects.select_related("logo").defer("logo__content").first() or Brand()


@transaction.atomic
def save_brand(brand: Brand, *, logo: tuple[bytes, int, int] | None, actor: User | None, now: datetime) -> Brand:
    """Keeps the new logo, if there is one, compiles the frame and saves both; letters written from then on look so."""
    before = stored(Brand, brand.pk, only=OWN) or taken(Brand(), only=OWN)
    if logo is not None:
        brand.logo = keep_logo(logo, now=now)
    source = shell_source(Identity.of(brand))
    brand.shell, brand.shell_digest = compile_shell(source), source_digest(source)
    brand.save()
    record_change("brand.saved", subject=brand, before=before, actor=actor, now=now)
    return brand


def keep_logo(logo: tuple[bytes, int, int], *, now: datetime) -> Logo:
    """Earlier ones stay: letters that were sent point at them."""
    content, width, height = logo
    fields = {"content": content, "width": width, "height": height, "created_at": now}
    return Logo.objects.get_or_create(digest=hashlib.sha256(content).hexdigest(), defaults=fields)[0]


def contrast_problems(brand: Brand) -> Iterator[tuple[str, str]]:
    """A field and a sentence for each colour that is not read well enough where it stands."""
    identity = Identity.of(brand)
    palettes = {"light": identity.light, "dark": identity.dark}
    for (part, scheme), sentence in UNREADABLE.items():
        colour, sheet = getattr(palettes[scheme], part), palettes[scheme].sheet
        if not colours.readable(colour, sheet):
            yield (
                f"{scheme}_{part}",
                sentence
                % {
                    "colour": colour,
                    "sheet": sheet,
                    "contrast": f"{colours.contrast(colour, sheet):.1f}",
                    "nearest": colours.nearest_readable(colour, sheet),
                },
            )
