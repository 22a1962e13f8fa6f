"""How often one caller may submit and ask, below the capacity that all callers share."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from alerta_utec.domain.client_address import counted_as, is_loopback
from alerta_utec.domain.errors import RateLimited
from alerta_utec.domain.policy import Identity
from alerta_utec.domain.rate import Rate
from alerta_utec.domain.values import Urgency
from alerta_utec.ports.clock import Clock
from alerta_utec.ports.rate_limits import RateLimits

STUDENT = Rate(0.2, 5)
STAFF = Rate(2, 20)
# Of anonymous callers: a whole campus can sit behind one address.
PER_CONNECTION = Rate(10, 50)
PER_ADDRESS = Rate(50, 200)
# All ordinary submissions together on AWS, where one table's partition takes some hundreds a second
# (decision 19): the rest is for the staff, for keys and for high urgency.
SHARED = Rate(100, 300)
# The messages of one connection by action, and new connections of one user or address.
ASKING: Mapping[str, Rate] = {
    "ping": Rate(1, 30),
    "subscribe": Rate(1, 30),
    # 1,000 changes a second, after a burst of 40,000.
    "sync": Rate(5, 200),
}
CONNECTING_USER = Rate(1, 60)
CONNECTING_ADDRESS = Rate(100, 1000)


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

    def take_shared(self, identity: Identity, urgency: Urgency) -> None:
        """Count one report in the capacity that all ordinary ones share.

        The reports of staff and keys, and those of high urgency, are not counted.

        Raises:
            RateLimited, Unavailable: as ``take``.
        """
        ...


class NoLimit:
    """A ``SubmitLimit`` that admits everything."""

    def take(
        self, identity: Identity, connection_id: str | None = None, address: str | None = None
    ) -> None:
        """Count nothing."""

    def take_shared(self, identity: Identity, urgency: Urgency) -> None:
        """Count nothing."""


@dataclass(frozen=True)
class CallerLimit:
    """A ``SubmitLimit`` with a token bucket for each user, or each connection and address.

    A user's rate is that of the role or key. Connection and address are counted for callers
    without a name; those on this machine are not counted. ``shared``: the rate of all ordinary
    submissions together; ``None``: they share no limit.
    """

    limits: RateLimits
    clock: Clock
    per_connection: Rate = PER_CONNECTION
    per_address: Rate = PER_ADDRESS
    shared: Rate | None = None

    def take(
        self, identity: Identity, connection_id: str | None = None, address: str | None = None
    ) -> None:
        """See ``SubmitLimit``."""
        for key, rate in self._buckets(identity, connection_id, address):
            _take(self.limits, self.clock, key, rate)

    def take_shared(self, identity: Identity, urgency: Urgency) -> None:
        """See ``SubmitLimit``."""
        if self.shared is None or urgency is Urgency.HIGH or identity.is_staff:
            return
        _take(self.limits, self.clock, "shared", self.shared)

    def _buckets(
        self, identity: Identity, connection_id: str | None, address: str | None
    ) -> Iterator[tuple[str, Rate]]:
        if identity.user is not None:
            yield f"user:{identity.user}", rate_of(identity)
            return
        if address is not None and is_loopback(address):
            return
        if connection_id is not None:
            yield f"connection:{connection_id}", self.per_connection
        if address is not None:
            yield f"address:{counted_as(address)}", self.per_address


@dataclass(frozen=True)
class AskingLimit:
    """A limit on what costs little and could be repeated without end: handshakes and reads.

    ``limits`` are those of this process. On AWS each Lambda process has its own, and API Gateway
    limits each route besides: a client that waits for its answers meets one process.
    """

    limits: RateLimits
    clock: Clock

    def ask(self, action: str, connection_id: str, address: str | None) -> None:
        """Count one message of a connection; actions without a rate are not counted.

        Raises:
            RateLimited: too many; it says in how many whole seconds to retry.
        """
        rate = ASKING.get(action)
        if rate is not None and not (address is not None and is_loopback(address)):
            _take(self.limits, self.clock, f"{action}:{connection_id}", rate)

    def connect(self, identity: Identity, address: str | None) -> None:
        """Count one handshake of a user, or of an address.

        Raises:
            RateLimited: as ``ask``.
        """
        if address is not None and is_loopback(address):
            return
        if identity.user is not None:
            _take(self.limits, self.clock, f"connect:{identity.user}", CONNECTING_USER)
        elif address is not None:
            key = f"connect:{counted_as(address)}"
            _take(self.limits, self.clock, key, CONNECTING_ADDRESS)


def rate_of(identity: Identity) -> Rate:
    """Return how often a user may submit."""
    if identity.grant is not None:
        return identity.grant.rate
    return STAFF if identity.is_staff else STUDENT


def _take(limits: RateLimits, clock: Clock, key: str, rate: Rate) -> None:
    wait_s = limits.take(key, clock.now(), per_s=rate.per_s, burst=rate.burst)
    if wait_s > 0:
        raise RateLimited(wait_s)
