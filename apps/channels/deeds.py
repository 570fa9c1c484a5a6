"""What the trail says of deeds on channels."""

from django.utils.translation import gettext_lazy as _

DEEDS = {
    "channel.saved": _("%(who)s saved the channel “%(what)s”."),
    "channel.tested": _("%(who)s sent a test by “%(what)s”."),
}
FACTS = {
    "message": _("Message"),
    "window": _("Window"),
    "accepted": _("Accepted"),
    "code": _("Provider's code"),
    "secrets": _("Secrets kept"),
}
CODES = {"accepted": {"True": _("Yes"), "False": _("No")}}
