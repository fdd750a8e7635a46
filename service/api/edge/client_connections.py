"""How many connections are open from each address."""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Sequence
from typing import Final, TypeAlias

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

# What a single subscriber is given of IPv6, where each may choose any address of its own
# (RFC 6177).
_SUBSCRIBER_BITS: Final = 64


def parse_networks(text: str) -> tuple[Network, ...]:
    """The networks of a text with commas between them; an address is one of its own.

    Raises ValueError where an entry is neither.
    """
    entries = filter(None, (each.strip() for each in text.split(",")))
    return tuple(ipaddress.ip_network(entry) for entry in entries)


class ClientConnections:
    """Counts the open connections by client; ``most`` of 0 sets no limit.

    Those of ``exempt`` networks are not counted: behind a proxy stand many clients.
    """

    def __init__(self, most: int, exempt: Sequence[Network] = ()) -> None:
        self._most = most
        self._exempt = exempt
        self._open: Counter[Network] = Counter()

    def enter(self, host: str) -> bool:
        """Count a connection from ``host``; whether there may be so many."""
        client = self._client(host)
        if client is None:
            return True
        self._open[client] += 1
        return self._open[client] <= self._most

    def leave(self, host: str) -> None:
        """Forget a connection that was counted, whether there might be so many or not."""
        client = self._client(host)
        if client is None:
            return
        self._open[client] -= 1
        if not self._open[client]:
            del self._open[client]

    def _client(self, host: str) -> Network | None:
        """The network that counts as one client; None where it is not counted."""
        try:
            address: Address = ipaddress.ip_address(host)
        except ValueError:  # no address: a socket of the file system
            return None
        if address.version == 6:
            address = address.ipv4_mapped or address
        if not self._most or any(address in network for network in self._exempt):
            return None
        bits = _SUBSCRIBER_BITS if address.version == 6 else address.max_prefixlen
        return ipaddress.ip_network((address, bits), strict=False)
