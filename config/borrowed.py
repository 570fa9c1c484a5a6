"""Words of Django's admin whose French misleads here, said in our own.

“Modification de utilisateur” fits few nouns, and a button that reads “Envoyer” would seem to send.
"""

from django.utils.translation import gettext_noop

TITLES = (gettext_noop("Add %s"), gettext_noop("Change %s"), gettext_noop("View %s"))
RUN_ACTION = gettext_noop("Go")
