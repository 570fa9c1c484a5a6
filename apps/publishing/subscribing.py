"""What somebody needs in order to subscribe to a feed: its addresses, and the page about them as a picture for telephones."""

from dataclasses import dataclass

import segno

from apps.common.public_addresses import public_url

from . import atom, calendars, json_feed, maintnotes
from .formats import Format


@dataclass(frozen=True, kw_only=True)
class Subscription:
    """`page` is the subscriber's own page. Each address is the secret itself: none may be logged or passed on."""

    https_address: str
    webcal_address: str
    atom_address: str
    json_address: str
    maintnote_address: str
    page: str
    qr: str  # of the page, which every telephone can open; only some know what to do with webcal


def subscription_of(token: str) -> Subscription:
    address = _address(token, calendars.FORMAT)
    page = public_url("publishing:subscribe", token)
    # As an image of its own the SVG needs no inline style; dark on light in either colour scheme, or no camera reads it.
    qr = segno.make_qr(page, error="m").svg_data_uri(scale=4, border=4, dark="#000", light="#fff")
    return Subscription(
        https_address=address,
        webcal_address="webcal://" + address.partition("://")[2],
        atom_address=_address(token, atom.FORMAT),
        json_address=_address(token, json_feed.FORMAT),
        maintnote_address=_address(token, maintnotes.FORMAT),
        page=page,
        qr=qr,
    )


def _address(token: str, form: Format) -> str:
    return public_url("publishing:feed", f"{token}{form.suffix}")
