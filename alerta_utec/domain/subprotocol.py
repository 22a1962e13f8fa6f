"""The subprotocols of the WebSocket, by which a client says which messages it can read."""

from collections.abc import Collection
from enum import StrEnum
from typing import Self


class Subprotocol(StrEnum):
    """The subprotocols that the service has, the preferred one first.

    A client that offers any of them gets the heartbeat as a message. One that offers ``V2`` also
    gets messages with several changes (``incident_updates``).
    """

    V2 = "alerta.v2"
    V1 = "alerta.v1"

    @classmethod
    def preferred(cls, offered: Collection[str]) -> Self | None:
        """Return the one to select among those that a client offers, in any order."""
        return next((one for one in cls if one in offered), None)
