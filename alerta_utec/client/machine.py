"""The client's state machine: when to connect and sync, over which connection; without I/O.

The runner reports what happens, with the time in seconds of a monotonic clock, carries out the
``actions``, passes on the ``events``, and calls ``tick`` at ``wake_at``.
"""

import random
from dataclasses import dataclass, field

from alerta_utec.client.actions import NEVER, Action, AskPing, AskSync, Close, Open, Timing
from alerta_utec.client.backoff import Backoff, GapTimer
from alerta_utec.client.errors import ClientError, Disconnected, Refused
from alerta_utec.client.events import CaughtUp, Connected, Event, Lost, Page, Renewed, Update
from alerta_utec.client.feed import Feed
from alerta_utec.client.links import Link, Links
from alerta_utec.domain.backoff import Uniform
from alerta_utec.domain.change import Position

# Refusals of ``sync`` that another attempt gets again.
_FINAL = frozenset({"unknown_action", "forbidden"})
# The service does not know the connection, or its token has ended: a new handshake decides.
_EXPIRED = "unauthorized"


@dataclass(slots=True)
class _SyncExchange:
    """A ``sync`` of one or more pages over one connection."""

    link: int
    asked: AskSync | None = None
    cursor: str | None = None
    recovered: int = 0
    since: Position | None = None


@dataclass
class Machine:
    """The decisions that keep one connection caught up, and two while the next one takes over.

    ``from_now``: a feed without a position starts at the service's position, without a snapshot.
    ``filtered``: the service sends only some of the changes. ``room``: whether the reader can take
    more events; without room, broadcasts are dropped and no sync starts. ``failure``: an error
    that is not retryable.
    """

    feed: Feed
    timing: Timing = field(default_factory=Timing)
    from_now: bool = False
    filtered: bool = False
    uniform: Uniform = random.uniform
    room: bool = True
    actions: list[Action] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    failure: ClientError | None = None
    _links: Links = field(init=False)
    _opening: int | None = None
    _last_link: int = 0
    _exchange: _SyncExchange | None = None
    _connect_at: float = 0.0
    _ask_at: float = 0.0
    _gap: GapTimer = field(init=False)
    _connecting: Backoff = field(init=False)
    _asking: Backoff = field(init=False)

    def __post_init__(self) -> None:
        self._links = Links(self.timing, self.uniform)
        self._gap = GapTimer(self.timing, self.uniform)
        self._connecting = Backoff(self.timing, self.uniform)
        self._asking = Backoff(self.timing, self.uniform)
        if self.feed.position is not None:
            self.from_now = False

    # What happens

    def opened(self, number: int, now: float) -> None:
        """Record that a connection is open."""
        self._opening = None
        link = self._links.add(number, now)
        if len(self._links) == 1:
            self.events.append(Connected(bool(link.again)))
        self._exchange = None  # the new connection starts a sync from the same position

    def closed(self, number: int, error: ClientError, now: float) -> None:
        """Record that a connection has ended or could not be opened."""
        link = self._links.remove(number, error, now)
        if link is None and self._opening != number:
            return
        if self._opening == number:
            self._opening = None
        if self._exchange is not None and self._exchange.link == number:
            self._exchange = None
        if not self._links and self._opening is None and not error.retryable:
            self.failure = error
            return
        if link is not None and now - link.opened_at >= self.timing.stable_s:
            self._connecting.reset()
        delay_s = self._connecting.next_delay_s() if self._opening is None else 0.0
        self._connect_at = now + delay_s
        if not self._links:
            self.events.append(Lost(error, delay_s))

    def update(self, number: int, update: Update, now: float) -> None:
        """Record a broadcast."""
        self._links.received(number, now)
        if self.feed.update(update, room=self.room):
            self.events.append(update)

    def page(self, asked: AskSync, page: Page, now: float) -> None:
        """Record a page of ``sync``.

        Raises:
            NotUnderstood: the page does not fit the feed, so the connection is useless.
        """
        self._links.received(asked.link, now)
        exchange = self._exchange
        if exchange is None or exchange.asked != asked:
            return
        exchange.asked, exchange.cursor = None, page.cursor
        self._asking.reset()
        events = self.feed.page(page)
        self.events += events
        if asked.since is not None and not page.reset:
            exchange.recovered += len(events)
        if not page.more and page.cursor is None:
            self._caught_up(exchange)

    def heartbeat(self, number: int, position: Position, now: float) -> None:
        """Record the service's sign of life, with the position that the feed has reached."""
        self._links.received(number, now)
        self.feed.advance_head(position)
        if self.filtered and self._exchange is None:
            # Changes that the filter hides leave most such clients behind, all at this moment.
            self._gap.observe(self.feed, now, spread_s=self._links.heartbeat_s(number))

    def pong(
        self,
        number: int,
        position: Position,
        life_s: float,
        now: float,
        *,
        heartbeat_s: float | None = None,
        restored: bool = False,
    ) -> None:
        """Record a pong; the connection expires ``life_s`` after it was opened.

        ``heartbeat_s``: the interval of the service's heartbeat, if it sends one. ``restored``:
        the service had lost the connection, and receives nothing that the handshake said.
        """
        if self._links.pong(number, life_s, heartbeat_s, now, restored=restored) is None:
            return
        if self.from_now:
            self.feed.begin(position)
            self.from_now = False
            self._caught_up(_SyncExchange(number))
        else:
            self.feed.advance_head(position)

    def refused(self, asked: AskSync, error: Refused, now: float) -> None:
        """Record an error as the answer to ``sync``."""
        self._links.received(asked.link, now)
        if self._exchange is None or self._exchange.asked != asked:
            return
        if error.code in _FINAL:
            self.failure = error
        elif error.code == _EXPIRED:
            self._abandon(asked.link, error, now)
        else:
            self._exchange = None
            self._ask_at = now + self._asking.next_delay_s()

    def ping_refused(self, number: int, error: Refused, now: float) -> None:
        """Record an error as the answer to ``ping``: others than of sign-in show that it works."""
        self._links.ping_answered(number)
        if error.code == _EXPIRED:
            self._abandon(number, error, now)

    def sent(self, number: int, now: float) -> None:
        """Record a message that the reader sent over a connection."""
        self._links.sent(number, now)

    def woke(self, now: float) -> None:
        """Check the connection, or connect, at once: the machine has slept."""
        self._links.check(now)
        self._connect_at = min(self._connect_at, now)

    # What to do

    def tick(self, now: float) -> None:
        """Add the actions that are due."""
        self._connect(now)
        self._ask(now)
        no_sync = self.from_now or not self.room
        for number in self._links.take_due_pings(now, no_sync=no_sync):
            self.actions.append(AskPing(number))

    def wake_at(self) -> float:
        """Return the time of the next ``tick``, unless something happens before."""
        times = [self._links.ping_at()]
        newest = self._links.newest
        if self._opening is None:
            times.append(self._open_at(newest))
        if self.room and self._exchange is None and newest is not None and not self.from_now:
            times.append(self._sync_at(newest))
        return min(times, default=NEVER)

    def _connect(self, now: float) -> None:
        if self._opening is None and now >= self._open_at(self._links.newest):
            self._last_link += 1
            self._opening = self._last_link
            self.actions.append(Open(self._last_link))

    def _open_at(self, newest: Link | None) -> float:
        return self._connect_at if newest is None else max(self._connect_at, newest.renew_at)

    def _ask(self, now: float) -> None:
        """Start or continue a ``sync`` over the newest connection."""
        link, exchange = self._links.newest, self._exchange
        if exchange is None:
            self._gap.observe(self.feed, now)
        if link is None or not self.room or self.from_now:
            return
        if exchange is None and now >= self._sync_at(link):
            exchange = self._exchange = _SyncExchange(link.number, since=self.feed.position)
            self._gap.asked()
        if exchange is not None and exchange.asked is None:
            exchange.asked = AskSync(exchange.link, self.feed.position, exchange.cursor)
            self._links.sent(exchange.link, now)
            self.actions.append(exchange.asked)

    def _sync_at(self, link: Link) -> float:
        return max(self._ask_at, self._gap.ask_at if link.caught_up else 0.0)

    def _caught_up(self, exchange: _SyncExchange) -> None:
        """Close older connections: this one has every update now."""
        self._exchange = None
        self._gap.answered(self.feed, exchange.since)
        link, older = self._links.take_over(exchange.link)
        first, link.caught_up = not link.caught_up, True
        self.actions += map(Close, older)
        if older:
            self.events.append(Renewed())
        if exchange.recovered or (first and link.again is not None):
            self.events.append(CaughtUp(exchange.recovered, link.again if first else None))

    def _abandon(self, number: int, error: Refused, now: float) -> None:
        """Close a connection that is of no more use."""
        self.actions.append(Close(number))
        self.closed(number, Disconnected(None, str(error)), now)
