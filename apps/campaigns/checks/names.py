"""What is checked, by name: told when nothing was found, so that silence means something."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from .findings import Place
from .rules import Code

PLACES: Mapping[Place, str | Promise] = {
    Place.START: _("When"),
    Place.SERVICES: _("Services"),
    Place.PLAN: _("The plan"),
    Place.AUDIENCE: _("Audience"),
    Place.CHANNELS: _("Channels"),
    Place.TEXTS: _("Texts"),
    Place.TRANSLATION: _("Translation"),
}

RULES: Mapping[Code, str | Promise] = {
    Code.NO_SERVICES: _("the window names its services"),
    Code.ALREADY_OVER: _("its end lies in the future"),
    Code.CLOCK_NOTE: _("its times exist on the clock, and only once"),
    Code.NOTICE: _("recipients get the notice that its impact asks for"),
    Code.OVERLAP: _("no other window touches the same services"),
    Code.BLACKOUT: _("it keeps out of blackouts"),
    Code.HOLIDAY: _("it falls on no public holiday"),
    Code.NO_RANGE: _("its end is announced as a range"),
    Code.NOTHING_LEAVES: _("something of the plan leaves"),
    Code.TOO_SLOW: _("channels are quick enough for what they have to send"),
    Code.MANY_UPDATES: _("no more updates leave while the work runs than anybody reads"),
    Code.QUIET_HOURS: _("nothing rings at night or at weekends"),
    Code.BROKEN_SEGMENT: _("the rules of the segments are sound"),
    Code.EMPTY_SEGMENT: _("somebody belongs to each segment"),
    Code.NO_ADDRESS: _("everybody has the address that a channel needs"),
    Code.TWICE: _("nobody belongs to two segments of one moment"),
    Code.TOO_MANY: _("nobody gets too many messages a week, all campaigns together"),
    Code.CHANNEL_OFF: _("the channels are switched on"),
    Code.CHANNEL_UNSET: _("the channels are set up"),
    Code.STAYS_HERE: _("e-mail leaves this machine"),
    Code.UNWRITTEN: _("every message has a text"),
    Code.BROKEN_TEXT: _("texts use variables that exist"),
    Code.UNTRANSLATED_TEXT: _("texts are in the languages of their readers"),
    Code.INCOMPLETE: _("messages say what has to be said"),
    Code.MINIMISES: _("no text plays the work down"),
    Code.BLAMES: _("no text blames others"),
    Code.PROMISES: _("no text promises a quick return"),
    Code.VAGUE: _("no text stays vague about times"),
    Code.APOLOGISES: _("no message apologises twice"),
    Code.LONG_SMS: _("each SMS takes one part"),
    Code.NO_REASON: _("the window says why"),
    Code.NO_ALTERNATIVES: _("the window says what to do instead"),
    Code.UNTRANSLATED_WINDOW: _("the window speaks the languages of the audience"),
    Code.HALF_TRANSLATED: _("its translations are complete"),
}
