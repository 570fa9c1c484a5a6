"""What a provider knows of a message, asked after an answer was lost."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Trace:
    """A message in the provider's records that looks like the one asked about.

    `accepted`: the provider took it and has not given up on it. `text` is what it says where it has.
    """

    provider_id: str
    accepted: bool
    code: str = ""
    text: str = ""
    bad_address: bool = False
