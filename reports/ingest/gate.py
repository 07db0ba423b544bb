"""The one gate for outgoing connections: a name is resolved once, each address is judged, and only that is connected to.

Nothing reaches a metadata service or a link-local address through a host name that somebody typed in, and private
networks only where SEKIMORI_OUTGOING_ALLOWED_NETWORKS opens them. TLS verifies the name; here only addresses matter.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

from django.conf import settings

from reports.dto import Address
from reports.errors import MailboxError, MailboxMisconfigured
from reports.vocabulary import MailboxFault

NEVER = tuple(
    map(
        ip_network,
        (
            "0.0.0.0/8",
            "169.254.0.0/16",  # link-local, and the metadata services of most clouds
            "224.0.0.0/4",
            "240.0.0.0/4",
            "100.100.100.200/32",  # metadata services that are not on a link-local address
            "168.63.129.16/32",
            "192.0.0.192/32",
            "fd00:ec2::254/128",
            "fd20:ce::254/128",
            "::/128",
            "fe80::/10",
            "ff00::/8",
        ),
    )
)
_NAT64 = IPv6Network("64:ff9b::/96")
_LOCAL_NAT64 = IPv6Network("64:ff9b:1::/48")
PRIVATE_TOO = (_LOCAL_NAT64, IPv6Network("fec0::/10"))
"""Private by RFC 8215 and RFC 3879, though not every Python calls them so."""
_V4_COMPATIBLE = IPv6Network("::/96")
_LOOPBACK_V6 = IPv6Address("::1")


def resolve(host: str, *, port: int) -> list[Address]:
    """The addresses of the host that may be connected to, in the resolver's order.

    Raises MailboxError where the name has none at the moment, MailboxMisconfigured where every address is refused.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise MailboxError(MailboxFault.NAME_UNKNOWN, (("host", host), ("error", str(error)))) from None
    addresses = list(dict.fromkeys(ip_address(str(place[0])) for *_, place in found))
    open_ones = [address for address in addresses if is_open(address)]
    if not open_ones:
        refused = ", ".join(map(str, addresses))
        raise MailboxMisconfigured(MailboxFault.ADDRESS_REFUSED, (("host", host), ("addresses", refused)))
    return open_ones


def connect(addresses: Sequence[Address], *, port: int, timeout: float) -> socket.socket:
    """A connected socket to the first of these addresses that answers. Raises MailboxError where none does.

    Takes addresses, not a name, so that a second look-up cannot give another answer than the one that was judged.
    """
    failure = ""
    for address in addresses:
        if not is_open(address):
            continue
        try:
            return socket.create_connection((str(address), port), timeout=timeout)
        except OSError as error:
            failure = f"{address}: {error.strerror or error}"
    raise MailboxError(MailboxFault.UNREACHABLE, (("port", str(port)), ("error", failure)))


def is_open(address: Address) -> bool:
    """Whether the address, and every IPv4 address that it stands for, may be connected to."""
    return all(_may(each) for each in _faces(address))


def _may(address: Address) -> bool:
    if any(address in network for network in NEVER):
        return False
    is_public = address.is_global and not any(address in network for network in PRIVATE_TOO)
    return is_public or any(address in network for network in settings.OUTGOING_ALLOWED_NETWORKS)


def _faces(address: Address) -> Iterator[Address]:
    """The addresses that packets to this one may end at: translations carry an IPv4 address inside an IPv6 one."""
    if isinstance(address, IPv4Address):
        yield address
        return
    plain = IPv6Address(int(address))  # without its zone
    inner = [plain.ipv4_mapped, plain.sixtofour, *(plain.teredo or ())]
    if plain in _NAT64 or plain in _LOCAL_NAT64 or (plain in _V4_COMPATIBLE and plain != _LOOPBACK_V6):
        inner.append(IPv4Address(int(plain) & 0xFFFFFFFF))
    if plain.ipv4_mapped is None:
        yield plain
    yield from filter(None, inner)
