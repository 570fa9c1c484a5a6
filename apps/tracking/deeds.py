"""What the trail says of deeds on what came back."""

from django.utils.translation import gettext_lazy as _

DEEDS = {
    "ticket.tied": _("%(who)s said where the ticket “%(what)s” belongs."),
    "ticket_source.secret_made": _("%(who)s made a new signing secret for “%(what)s”."),
    "ticket_source.old_secrets_retired": _("%(who)s retired the old secret of “%(what)s”."),
}
