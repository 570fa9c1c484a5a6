"""Which places on the network an outgoing call may reach: public ones, and those the operator names."""

import ipaddress
from collections.abc import Sequence
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

PUBLIC_PORTS = (80, 443, 8443)
# `is_global` is true for these, yet they lead to inner hosts: NAT64, 6to4 and Teredo carry an IPv4 address inside.
_TUNNELS = [ipaddress.ip_network(net) for net in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")]


def is_public(address: str) -> bool:
    """Whether this IP address is one of the open Internet's; an IPv4 address mapped into IPv6 counts as itself."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    in_tunnel = any(ip in net for net in _TUNNELS if net.version == ip.version)
    return ip.is_global and not ip.is_multicast and not in_tunnel


def is_listed(host: str, port: int, allowlist: Sequence[str]) -> bool:
    """Whether the operator named the host, alone or as host:port."""
    names = {entry.lower() for entry in allowlist}
    return host.lower() in names or f"{host}:{port}".lower() in names


def url_problem(url: str, *, allowlist: Sequence[str], needs_tls: bool = False) -> str:
    """A sentence on why `url` may not be called, or the empty text. What its name resolves to is judged on connecting."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        return _("It is not an address such as https://example.com/path.")
    if parts.scheme not in ("http", "https") or not host or any(sign.isspace() for sign in url):
        return _("It is not an address such as https://example.com/path.")
    if parts.username or parts.password:
        return _("It must not hold a user name or password.")
    if is_listed(host, port, allowlist):
        return ""
    if needs_tls and parts.scheme != "https":
        return _("It must begin with https://, because it carries a secret.")
    if port not in PUBLIC_PORTS:
        return _("Its port %(port)s is none of 80, 443 and 8443; an operator can add the host to CHANNEL_HOST_ALLOWLIST.") % {
            "port": port
        }
    return "" if may_be_public(host) else not_public(host)


def not_public(host: str) -> str:
    return _("%(host)s is not on the open Internet; an operator can add it to CHANNEL_HOST_ALLOWLIST.") % {"host": host}


def may_be_public(host: str) -> bool:
    """False for an IP address, or localhost, that is surely not; a name is judged when it has been resolved."""
    try:
        return is_public(host)
    except ValueError:
        return host != "localhost"  # a name
