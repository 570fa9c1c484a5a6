"""What the trail says of deeds on campaigns and playbooks."""

from django.utils.translation import gettext_lazy as _

DEEDS = {
    "brand.saved": _("%(who)s changed how letters look."),
    "campaign.opened": _("%(who)s tied “%(what)s” to a playbook."),
    "campaign.changed": _("%(who)s changed the campaign of “%(what)s”."),
    "campaign.released": _("%(who)s released the messages of “%(what)s”."),
    "playbook.loaded": _("%(who)s loaded the playbook “%(what)s” that Preavis brings along."),
}
FACTS = {"playbook": _("Playbook")}
