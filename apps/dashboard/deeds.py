"""What the trail says of the installation's own data."""

from django.utils.translation import gettext_lazy as _

DEEDS = {
    "database.seeded": _("%(who)s filled the database with invented data to measure with."),
    "database.sample_loaded": _("%(who)s loaded the sample data."),
    "database.sample_removed": _("%(who)s removed the sample data."),
}
