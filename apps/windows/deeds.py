"""What the trail says of deeds on windows and services."""

from django.utils.translation import gettext_lazy as _

DEEDS = {
    "window.created": _("%(who)s drafted “%(what)s”."),
    "window.scheduled": _("%(who)s scheduled “%(what)s”."),
    "window.rescheduled": _("%(who)s moved “%(what)s”."),
    "window.extended": _("%(who)s gave “%(what)s” another end."),
    "window.started": _("%(who)s began the work of “%(what)s”."),
    "window.verifying": _("%(who)s began verifying “%(what)s”."),
    "window.resumed": _("%(who)s took “%(what)s” back from verifying to work."),
    "window.completed": _("%(who)s confirmed that “%(what)s” is over."),
    "window.cancelled": _("%(who)s cancelled “%(what)s”."),
    "window.withdrawn": _("%(who)s took back that “%(what)s” was scheduled."),
    "window.texts_edited": _("%(who)s changed the texts of “%(what)s”."),
    "window.details_edited": _("%(who)s changed what “%(what)s” touches."),
    "window.repeated": _("%(who)s drafted further occurrences of “%(what)s”."),
    "service.renamed": _("%(who)s renamed the service “%(what)s”."),
}
FACTS = {
    "language": _("Language"),
    "rule": _("Rule"),
    "revision": _("Revision"),
    "reason_translations": _("Reason in other languages"),
}
CODES = {"language": {"en": "English", "fr": "Français"}}
