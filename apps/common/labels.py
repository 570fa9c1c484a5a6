from django.utils.translation import gettext as _


def labelled(label: object, value: object) -> str:
    """With the colon as the reader's language writes it."""
    return _("%(label)s: %(value)s") % {"label": label, "value": value}
