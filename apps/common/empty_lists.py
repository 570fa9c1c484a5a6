"""What a list of the admin says while there is nothing in it: what will stand there, and what to do for it."""

from dataclasses import dataclass

from django.utils.functional import Promise

Words = str | Promise


@dataclass(frozen=True, kw_only=True)
class WhenEmpty:
    """`url_name` is where the next step is done by whoever has `permission`, and `label` names it; without one, adding the
    first is the step."""

    title: Words
    words: Words
    url_name: str = ""
    label: Words = ""
    permission: str = ""
