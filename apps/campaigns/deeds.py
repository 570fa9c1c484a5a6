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
    "campaign.withdrawn": _("%(who)s made “%(what)s” a draft again."),
    "campaign.held_back": _("%(who)s held back “%(what)s”: it was edited after it had been approved."),
    "campaign.people_named": _("%(who)s named the people of “%(what)s”."),
    "campaign.approval_required": _("%(who)s decided whether “%(what)s” needs an approval."),
    "campaign.approval_asked": _("%(who)s asked for the approval of “%(what)s”."),
    "campaign.approval_withdrawn": _("%(who)s withdrew the request to approve “%(what)s”."),
    "campaign.approval_given": _("%(who)s approved “%(what)s”."),
    "campaign.approval_sent_back": _("%(who)s sent back “%(what)s”."),
    "playbook.loaded": _("%(who)s loaded the playbook “%(what)s” that Preavis brings along."),
}
FACTS = {
    "playbook": _("Playbook"),
    "of": _("Duplicate of"),
    "moments_added": _("Moments added"),
    "moments_edited": _("Moments edited"),
    "moments_removed": _("Moments taken away"),
    "switched_on": _("Switched on"),
    "switched_off": _("Switched off"),
    "owners": _("Owners"),
    "messages": _("Messages"),
    "ticked": _("Warnings that were ticked"),
    "changed": _("What was edited"),
    "note": _("Note"),
}
