"""The client's open connections: when each was last active, when to ping and when to renew it."""

from dataclasses import dataclass

from alerta_utec.client.actions import NEVER, Timing
from alerta_utec.client.errors import ClientError, Disconnected
from alerta_utec.domain.backoff import Uniform

_GOING_AWAY = 1001


@dataclass(slots=True)
class Link:
    """One open connection; times in seconds of the machine's clock.

    ``again`` as in ``Connected``. ``silence_s``: how long the connection may be without a message
    from the service before a ping; ``own_silence_s``: the same for messages of the client.
    ``heartbeat_s``: the interval that the service has stated; 0: none.
    """

    number: int
    again: bool | None
    opened_at: float
    received_at: float
    sent_at: float
    silence_s: float
    own_silence_s: float
    check_at: float = NEVER
    renew_at: float = NEVER
    caught_up: bool = False
    pinging: bool = False
    pinged: bool = False
    heartbeat_s: float = 0.0

    @property
    def ping_at(self) -> float:
        """The time of the next ping, unless something happens before."""
        if self.pinging:
            return NEVER
        silent_at = self.received_at + self.silence_s
        return min(self.check_at, silent_at, self.sent_at + self.own_silence_s)


class Links:
    """The open connections, by number; the newest is the one in use.

    Whether the service's heartbeat keeps an idle connection open is for the network to show: once
    one is closed although it had heartbeats, later connections are pinged often enough themselves.
    """

    def __init__(self, timing: Timing, uniform: Uniform) -> None:
        self._timing = timing
        self._uniform = uniform
        self._links: dict[int, Link] = {}
        self._connected_before = False
        # A connection was closed as idle: only the client's own messages count against that.
        self._closed_as_idle = False

    def __len__(self) -> int:
        return len(self._links)

    @property
    def newest(self) -> Link | None:
        """The connection that was opened last."""
        return self._links[max(self._links)] if self._links else None

    def add(self, number: int, now: float) -> Link:
        """Add a connection that has just been opened, and return it."""
        wait_s = self._timing.ping_every_s * self._uniform(0.8, 1.0)
        own_s = wait_s if self._closed_as_idle else NEVER
        link = Link(number, self._again(), now, now, now, wait_s, own_s)
        self._links[number] = link
        self._connected_before = True
        return link

    def remove(self, number: int, error: ClientError, now: float) -> Link | None:
        """Remove a connection that has ended; return it if it was open."""
        link = self._links.pop(number, None)
        if link is not None and isinstance(error, Disconnected) and error.code == _GOING_AWAY:
            idle = (now - link.sent_at) / self._timing.idle_limit_s
            self._closed_as_idle |= self._timing.idle_from <= idle <= self._timing.idle_to
        return link

    def take_over(self, number: int) -> tuple[Link, list[int]]:
        """Remove all connections but this one; return it, and their numbers."""
        others = [other for other in self._links if other != number]
        for other in others:
            del self._links[other]
        return self._links[number], others

    def received(self, number: int, now: float) -> None:
        """Note a message from the service."""
        if link := self._links.get(number):
            link.received_at = now

    def heartbeat_s(self, number: int) -> float:
        """Return the interval of the service's heartbeat on a connection; 0: none is known."""
        link = self._links.get(number)
        return 0.0 if link is None else link.heartbeat_s

    def sent(self, number: int, now: float) -> None:
        """Note a message of the client."""
        if link := self._links.get(number):
            link.sent_at = now

    def check(self, now: float) -> None:
        """Ping the newest connection soon: it may have died without a sign."""
        if link := self.newest:
            link.check_at = now

    def pong(
        self, number: int, life_s: float, heartbeat_s: float | None, now: float, *, restored: bool
    ) -> Link | None:
        """Note what a pong says about its connection; return the connection if it is open.

        One that the service had to restore is renewed soon: the service has lost what the
        handshake said.
        """
        link = self._links.get(number)
        if link is None:
            return None
        link.pinging, link.received_at = False, now
        if heartbeat_s is not None and not link.heartbeat_s:
            link.heartbeat_s, link.silence_s = heartbeat_s, self._silence_s(heartbeat_s)
        if life_s > 0 and link.renew_at == NEVER:
            part = self._uniform(self._timing.renew_from, self._timing.renew_to)
            link.renew_at = link.opened_at + life_s * part
        if restored:
            soon = now + self._uniform(0.0, self._timing.max_delay_s)
            link.renew_at = min(link.renew_at, soon)
        return link

    def ping_answered(self, number: int) -> None:
        """Note any answer to a ping."""
        if link := self._links.get(number):
            link.pinging = False

    def take_due_pings(self, now: float, *, no_sync: bool) -> list[int]:
        """Return the connections to ping now, which have been pinged then.

        The first ping, whose pong contains the time at which the connection expires, follows the
        sync, or the opening if ``no_sync`` comes before it.
        """
        due = []
        for link in self._links.values():
            first = not link.pinged and (link.caught_up or no_sync)
            if not link.pinging and (first or now >= link.ping_at):
                link.pinging, link.pinged = True, True
                link.received_at, link.sent_at, link.check_at = now, now, NEVER
                due.append(link.number)
        return due

    def ping_at(self) -> float:
        """Return the time of the next ping, unless something happens before."""
        return min((link.ping_at for link in self._links.values()), default=NEVER)

    def _again(self) -> bool | None:
        """Return whether a new connection follows a lost one; ``None`` if it is a renewal."""
        newest = self.newest
        if newest is None:
            return self._connected_before
        return None if newest.caught_up else newest.again

    def _silence_s(self, heartbeat_s: float) -> float:
        """Return the silence after which a heartbeat is missing, below the limit for idle ones."""
        intervals = self._uniform(self._timing.heartbeats_from, self._timing.heartbeats_to)
        longest_s = self._timing.idle_limit_s * self._timing.idle_from
        return min(heartbeat_s * intervals, longest_s)
