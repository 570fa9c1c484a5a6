"""What the first letter of a process would wait for: words of times in each language, templates, the frame."""

from django.conf import settings

from apps.channels.models import ChannelKind

from .compiled import Source, compile_source
from .looks import default_look
from .specimens import SAMPLE_ZONE, sample_facts

_BODY = "Hello {{ contact.name }}, **{{ window.title }}** is due {{ window.times }}: [more]({{ window.notice_url }})."


def load_letters() -> None:
    """Compiles a letter in each language, which nobody gets. Asks no database."""
    for language, _name in settings.LANGUAGES:
        source = Source(name="", language=language, subject="{{ window.title }}", body=_BODY)
        compiled = compile_source(source, sample_facts(), SAMPLE_ZONE, ChannelKind.EMAIL, default_look())
        compiled.letter(is_internal=False, has_unsubscribe=True)
