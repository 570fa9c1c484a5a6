"""What the trail says of the installation's own data."""

from django.utils.translation import gettext_lazy as _

DEEDS = {"database.seeded": _("%(who)s filled the database with invented data to measure with.")}
