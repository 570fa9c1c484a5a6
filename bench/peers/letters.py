"""From a recipient to a mail, as Django projects do it: two cached templates, EmailMultiAlternatives, signed addresses."""

import json
import os
import uuid
from functools import cache
from pathlib import Path
from typing import Any

from django.core.mail import EmailMultiAlternatives
from django.core.signing import Signer
from django.template import TemplateDoesNotExist
from django.template.loader import get_template
from django.template.loaders.base import Loader

from .models import Recipient


@cache
def letter() -> dict[str, Any]:
    return json.loads(Path(os.environ["BENCH_LETTER"]).read_text())


class LetterLoader(Loader):
    """`letter/text` and its like; Origin and contents as the cached loader wants them."""

    def get_template_sources(self, template_name):  # type: ignore[no-untyped-def]
        from django.template import Origin

        yield Origin(name=template_name, template_name=template_name, loader=self)

    def get_contents(self, origin):  # type: ignore[no-untyped-def]
        part = origin.name.removeprefix("letter/")
        try:
            body = letter()[part]
        except KeyError:
            raise TemplateDoesNotExist(origin) from None
        return body if part == "html" else "{% autoescape off %}" + body + "{% endautoescape %}"


def context(recipient: Recipient, token: uuid.UUID) -> dict[str, str]:
    links = {name: path.format(Signer(salt=name).sign(token.hex).partition(":")[2]) for name, path in letter()["paths"].items()}
    own = {"name": recipient.name, "first_name": recipient.name.split()[0], "organisation": recipient.organisation}
    return letter()["shared"] | own | links


def headers(about: dict[str, str]) -> dict[str, str]:
    return letter()["headers"] | {"List-Unsubscribe": f"<{about['unsubscribe']}>"}


def render(part: str, about: dict[str, str]) -> str:
    return get_template(f"letter/{part}").render(about)


def mail_to(recipient: Recipient, token: uuid.UUID) -> EmailMultiAlternatives:
    about = context(recipient, token)
    message = EmailMultiAlternatives(
        subject=render("subject", about),
        body=render("text", about),
        from_email=letter()["sender"],
        to=[recipient.email],
        headers=headers(about),
    )
    message.attach_alternative(render("html", about), "text/html")
    return message
