"""The limit of connections from one address."""

from collections import Counter
from enum import Enum

from alerta_utec.domain.client_address import counted_as, is_loopback


class Admission(Enum):
    """What becomes of one more connection: a refused one gets an answer, an excess one none."""

    ADMITTED = "admitted"
    REFUSED = "refused"
    EXCESS = "excess"


class AddressLimit:
    """A counter of the connections of each client that is not this machine itself.

    A client is an IPv4 address or an IPv6 network of 64 bits. ``highest`` is how many are
    admitted, ``None`` any number; as many again are answered with a refusal.
    """

    def __init__(self, highest: int | None = None) -> None:
        self._highest = highest
        self._counts: Counter[str] = Counter()

    def enter(self, client: str) -> Admission:
        """Count one more connection of the client, whatever becomes of it; ``leave`` ends it."""
        counted = counted_as(client)
        self._counts[counted] += 1
        count, highest = self._counts[counted], self._highest
        if highest is None or count <= highest or is_loopback(client):
            return Admission.ADMITTED
        return Admission.REFUSED if count <= 2 * highest else Admission.EXCESS

    def leave(self, client: str) -> None:
        """Count one connection of the client less."""
        counted = counted_as(client)
        self._counts[counted] -= 1
        if self._counts[counted] <= 0:
            del self._counts[counted]
