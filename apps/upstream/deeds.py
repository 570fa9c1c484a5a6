"""What the trail says of deeds on notices of providers."""

from django.utils.translation import gettext_lazy as _

DEEDS = {
    "upstream.services_chosen": _("%(who)s chose which services stand on “%(what)s”."),
    "upstream.received": _("%(who)s took up the notice “%(what)s”."),
    "upstream.drafted": _("%(who)s made a draft of the notice “%(what)s”."),
    "upstream.proposed": _("%(who)s put the notice “%(what)s” up for a decision."),
    "upstream.settled": _("%(who)s settled the notice “%(what)s”."),
    "upstream.set_aside": _("%(who)s set the notice “%(what)s” aside."),
}
FACTS = {"version": _("Version")}
