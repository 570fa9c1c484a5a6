"""What the trail says of deeds on campaigns and playbooks."""

from django.utils.translation import gettext_lazy as _

DEEDS = {
    "brand.saved": _("%(who)s changed how letters look."),
    "campaign.opened": _("%(who)s tied “%(what)s” to a playbook."),
    "campaign.changed": _("%(who)s changed the campaign of “%(what)s”."),
    "campaign.released": _("%(who)s released the messages of “%(what)s”."),
    "campaign.cells_changed": _("%(who)s decided single cells of the plan of “%(what)s” by hand."),
    "campaign.duplicated": _("%(who)s drafted “%(what)s” as the duplicate of another window."),
    "playbook.cells_changed": _("%(who)s changed cells of the playbook “%(what)s”."),
    "playbook.saved_from_campaign": _("%(who)s saved the plan of a campaign as the playbook “%(what)s”."),
    "touchpoint.text_edited": _("%(who)s edited the text of the touchpoint “%(what)s”."),
    "playbook.loaded": _("%(who)s loaded the playbook “%(what)s” that Preavis brings along."),
}
FACTS = {
    "playbook": _("Playbook"),
    "of": _("Duplicate of"),
    "switched_on": _("Switched on"),
    "switched_off": _("Switched off"),
    "owners": _("Owners"),
}
