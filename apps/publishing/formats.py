"""What a feed can be read as. One file per format renders it; `addresses.FORMATS` lists them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .selections import Selection


@dataclass(frozen=True, kw_only=True)
class Format:
    """A feed's address is its token and the `suffix`; all that concerns tokens, editions and answers is the same for each."""

    name: str  # as FeedEdition keeps it
    suffix: str
    content_type: str
    # Raised with every change to what is said, its translation included, so that nothing old is taken for a present edition.
    version: int
    render: "Callable[[Selection, datetime], bytes]"  # the same bytes for the same rows, whoever asks and when

    @property
    def filename(self) -> str:
        return f"maintenance{self.suffix}"
