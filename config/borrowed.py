"""Sentences of Django's admin whose French does not fit every noun (“Modification de utilisateur”): said here in our own."""

from django.utils.translation import gettext_noop

TITLES = (gettext_noop("Add %s"), gettext_noop("Change %s"), gettext_noop("View %s"))
