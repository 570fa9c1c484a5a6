"""An uploaded picture made fit to stand in e-mails."""

from io import BytesIO
from typing import IO

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from .content.looks import LOGO_HEIGHT, LOGO_WIDTH

LARGEST_UPLOAD = 2 * 1024 * 1024
MOST_PIXELS = 25_000_000
FORMATS = ("PNG", "JPEG", "GIF", "WEBP")  # mail programs show no SVG
SHARPER = 2  # as many pixels as it is shown with, each way


def logo_png(file: IO[bytes]) -> tuple[bytes, int, int]:
    """The picture as PNG, no larger than it is ever shown, with nothing in it but itself; its width and height.

    Raises ValidationError with a sentence for what is no such picture.
    """
    from PIL import Image, UnidentifiedImageError  # costs time to import

    raw = file.read(LARGEST_UPLOAD + 1)
    if len(raw) > LARGEST_UPLOAD:
        raise ValidationError(_("The picture is larger than 2 MB: choose a smaller one."))
    try:
        with Image.open(BytesIO(raw), formats=FORMATS) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise ValidationError(_("The picture has too many pixels: choose a smaller one."))
            made = picture.convert("RGBA")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise ValidationError(_("This is no picture that mail programs show: choose a PNG, JPEG, GIF or WebP file.")) from None
    made.thumbnail((LOGO_WIDTH * SHARPER, LOGO_HEIGHT * SHARPER), Image.Resampling.LANCZOS)
    written = BytesIO()
    made.save(written, "PNG", optimize=True)
    return written.getvalue(), made.width, made.height
