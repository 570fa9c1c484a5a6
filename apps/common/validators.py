from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from .zones import zone_names


def validate_zone(name: str) -> None:
    """Refuses what is not an IANA zone name such as Europe/Paris or UTC."""
    if name not in zone_names():
        raise ValidationError(
            _("“%(zone)s” is not an IANA time zone; write it like Europe/Paris."), code="unknown_zone", params={"zone": name}
        )
