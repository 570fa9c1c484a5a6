"""What the trail says of deeds on calendar feeds."""

from django.utils.translation import gettext_lazy as _

DEEDS = {
    "feed.created": _("%(who)s made the feed “%(what)s”."),
    "feed.wishes_changed": _("%(who)s changed language and reminders of the feed “%(what)s”."),
    "feed.rotated": _("%(who)s gave the feed “%(what)s” a new address."),
    "feed.revoked": _("%(who)s revoked the feed “%(what)s”."),
}
