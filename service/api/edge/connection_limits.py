"""What one connection may ask for, and how long its client may take for each turn."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from service.api.edge.client_connections import Network


class Turn(Enum):
    """What the client is to do next."""

    BEGIN = auto()
    SEND_HEAD = auto()
    SEND_BODY = auto()
    WAIT = auto()
    # Refused before it had sent everything: time to read why, before the connection ends.
    LEAVE = auto()


@dataclass(frozen=True)
class ConnectionLimits:
    """What one connection may ask for, and how many there may be.

    0 sets no limit on those of one client; ``trusted_networks`` are those of proxies, which are
    many clients.
    """

    max_request_line_bytes: int = 8 << 10
    max_header_bytes: int = 64 << 10
    max_header_count: int = 100
    header_timeout_seconds: float = 10.0
    body_timeout_seconds: float = 60.0
    idle_timeout_seconds: float = 5.0
    write_timeout_seconds: float = 30.0
    max_connections: int = 1000
    max_connections_per_client: int = 0
    trusted_networks: tuple[Network, ...] = ()

    def seconds(self, turn: Turn) -> float | None:
        """How long a client's turn may take; None for as long as it takes."""
        match turn:
            case Turn.BEGIN | Turn.LEAVE:
                return self.idle_timeout_seconds
            case Turn.SEND_HEAD:
                return self.header_timeout_seconds
            case Turn.SEND_BODY:
                return self.body_timeout_seconds
            case Turn.WAIT:
                return None
