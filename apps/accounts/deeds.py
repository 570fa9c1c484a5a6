"""What the trail says of deeds that any row may meet, and of accounts."""

from django.utils.translation import gettext_lazy as _

DEEDS = {
    "*.added": _("%(who)s added “%(what)s”."),
    "*.changed": _("%(who)s changed “%(what)s”."),
    "*.deleted": _("%(who)s deleted “%(what)s”."),
    "*.archived": _("%(who)s archived “%(what)s”."),
    "*.restored": _("%(who)s brought “%(what)s” back into use."),
}
FACTS = {
    "reason": _("Reason"),
    "note": _("Note"),
    "count": _("How many"),
}
