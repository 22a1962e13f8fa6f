"""How often one caller may submit."""

from dataclasses import dataclass
from typing import Protocol

from alerta_utec.domain.client_address import counted_as, is_loopback
from alerta_utec.domain.errors import RateLimited
from alerta_utec.domain.policy import Identity
from alerta_utec.ports.clock import Clock
from alerta_utec.ports.rate_limits import RateLimits


class SubmitLimit(Protocol):
    """A limit on the submissions of each caller."""

    def take(
        self, identity: Identity, connection_id: str | None = None, address: str | None = None
    ) -> None:
        """Count one submission, from a connection and an IP address.

        Raises:
            RateLimited: too many; it says in how many whole seconds to retry.
            Unavailable: the submission cannot be counted now.
        """
        ...


class NoLimit:
    """A ``SubmitLimit`` that admits everything."""

    def take(
        self, identity: Identity, connection_id: str | None = None, address: str | None = None
    ) -> None:
        """Count nothing."""


@dataclass(frozen=True, slots=True)
class Rate:
    """``per_s`` submissions a second on average, ``burst`` of them at once."""

    per_s: float
    burst: int


PER_CONNECTION = Rate(10, 50)
PER_USER = Rate(20, 100)
# Of anonymous callers: a whole campus can sit behind one address.
PER_ADDRESS = Rate(50, 200)


@dataclass(frozen=True)
class CallerLimit:
    """A ``SubmitLimit`` with a token bucket for each connection, user and address.

    An address is counted for callers without a name. Those on this machine are not counted.
    """

    limits: RateLimits
    clock: Clock
    per_connection: Rate = PER_CONNECTION
    per_user: Rate = PER_USER
    per_address: Rate = PER_ADDRESS

    def take(
        self, identity: Identity, connection_id: str | None = None, address: str | None = None
    ) -> None:
        """Count one submission of the connection, and of the user or the address."""
        if identity.user is None and address is not None and is_loopback(address):
            return
        keys = []
        if connection_id is not None:
            keys.append((f"connection:{connection_id}", self.per_connection))
        if identity.user is not None:
            keys.append((f"user:{identity.user}", self.per_user))
        elif address is not None:
            keys.append((f"address:{counted_as(address)}", self.per_address))
        for key, rate in keys:
            wait_s = self.limits.take(key, self.clock.now(), per_s=rate.per_s, burst=rate.burst)
            if wait_s > 0:
                raise RateLimited(wait_s)
