"""When to connect, ask, renew and give up on a connection; without I/O.

Whoever runs it tells it what happens, with the time in seconds of a steady clock, carries out
the ``actions`` that it leaves, passes on its ``events``, and calls ``tick`` at ``wake_at``.
"""

import random
from dataclasses import dataclass, field

from alerta_utec.client.actions import NEVER, Action, AskPing, AskSync, Close, Open, Timing
from alerta_utec.client.backoff import Backoff, Gap
from alerta_utec.client.errors import ClientError, Refused
from alerta_utec.client.events import CaughtUp, Connected, Event, Lost, Page, Renewed, Update
from alerta_utec.client.feed import Feed
from alerta_utec.domain.backoff import Uniform
from alerta_utec.domain.change import Position

# Refusals of ``sync`` that asking again does not cure.
_FINAL = frozenset({"unknown_action", "unauthorized", "forbidden"})


@dataclass(slots=True)
class _Link:
    number: int
    opened_at: float
    heard_at: float
    ping_after_s: float
    again: bool | None
    renew_at: float = NEVER
    caught_up: bool = False
    pinging: bool = False
    pinged: bool = False


@dataclass(slots=True)
class _Talk:
    """A ``sync`` of one or many pages over one connection."""

    link: int
    asked: AskSync | None = None
    cursor: str | None = None
    recovered: int = 0
    since: Position | None = None


@dataclass
class Machine:
    """Keeps one caught-up connection; two for a moment, while one takes over from the other.

    ``from_now``: a feed without a position starts where the service is, not with a snapshot.
    ``room``: whether whoever takes the events can take more; without it, broadcasts are let
    pass and nothing is asked for. ``failure``: an error that another try does not cure.
    """

    feed: Feed
    timing: Timing = field(default_factory=Timing)
    from_now: bool = False
    uniform: Uniform = random.uniform
    room: bool = True
    actions: list[Action] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    failure: ClientError | None = None
    _links: dict[int, _Link] = field(default_factory=dict)
    _opening: int | None = None
    _last_link: int = 0
    _connected_before: bool = False
    _talk: _Talk | None = None
    _connect_at: float = 0.0
    _ask_at: float = 0.0
    _gap: Gap = field(init=False)
    _connecting: Backoff = field(init=False)
    _asking: Backoff = field(init=False)

    def __post_init__(self) -> None:
        self._gap = Gap(self.timing, self.uniform)
        self._connecting = Backoff(self.timing, self.uniform)
        self._asking = Backoff(self.timing, self.uniform)
        if self.feed.position is not None:
            self.from_now = False

    # What happens

    def opened(self, number: int, now: float) -> None:
        """A connection is open."""
        self._opening = None
        again = self._again()
        after_s = self.timing.ping_every_s * self.uniform(0.8, 1.0)
        self._links[number] = _Link(number, now, now, after_s, again)
        if len(self._links) == 1:
            self._connected_before = True
            self.events.append(Connected(bool(again)))
        self._talk = None  # what it would bring, the new connection asks for as well

    def closed(self, number: int, error: ClientError, now: float) -> None:
        """A connection has ended, or could not be opened."""
        link = self._links.pop(number, None)
        if link is None and self._opening != number:
            return
        if self._opening == number:
            self._opening = None
        if self._talk is not None and self._talk.link == number:
            self._talk = None
        if not self._links and self._opening is None and not error.retryable:
            self.failure = error
            return
        if link is not None and now - link.opened_at >= self.timing.stable_s:
            self._connecting.worked()
        delay_s = self._connecting.failed() if self._opening is None else 0.0
        self._connect_at = now + delay_s
        if not self._links:
            self.events.append(Lost(error, delay_s))

    def update(self, number: int, update: Update, now: float) -> None:
        """A broadcast has come."""
        self._heard(number, now)
        if self.feed.update(update, room=self.room):
            self.events.append(update)

    def page(self, asked: AskSync, page: Page, now: float) -> None:
        """A page of ``sync`` has come.

        Raises:
            NotUnderstood: the connection is of no use.
        """
        self._heard(asked.link, now)
        talk = self._talk
        if talk is None or talk.asked != asked:
            return
        talk.asked, talk.cursor = None, page.cursor
        self._asking.worked()
        events = self.feed.page(page)
        self.events += events
        if asked.since is not None and not page.reset:
            talk.recovered += len(events)
        if not page.more and page.cursor is None:
            self._caught_up(talk)

    def pong(self, number: int, position: Position, life_s: float, now: float) -> None:
        """A pong has come; the connection ends ``life_s`` after it was opened."""
        self._heard(number, now)
        link = self._links.get(number)
        if link is None:
            return
        link.pinging = False
        if life_s > 0 and link.renew_at == NEVER:
            part = self.uniform(self.timing.renew_from, self.timing.renew_to)
            link.renew_at = link.opened_at + life_s * part
        if self.from_now:
            self.feed.begin(position)
            self.from_now = False
            self._caught_up(_Talk(number))
        else:
            self.feed.heard_of(position)

    def refused(self, asked: AskSync, error: Refused, now: float) -> None:
        """``sync`` was answered by an error."""
        self._heard(asked.link, now)
        if self._talk is None or self._talk.asked != asked:
            return
        if error.code in _FINAL:
            self.failure = error
            return
        self._talk = None
        self._ask_at = now + self._asking.failed()

    def pinged_in_vain(self, number: int) -> None:
        """``ping`` was answered by an error: a sign of life all the same."""
        if number in self._links:
            self._links[number].pinging = False

    # What to do

    def tick(self, now: float) -> None:
        """Decide what is due."""
        self._connect(now)
        self._ask(now)
        for link in self._links.values():
            # The first pong tells when the connection will end.
            due = not link.pinged and (link.caught_up or self.from_now or not self.room)
            if not link.pinging and (due or now >= link.heard_at + link.ping_after_s):
                link.pinging, link.pinged, link.heard_at = True, True, now
                self.actions.append(AskPing(link.number))

    def wake_at(self) -> float:
        """When to ``tick`` next, unless something happens before."""
        times = [
            link.heard_at + link.ping_after_s for link in self._links.values() if not link.pinging
        ]
        newest = self._newest()
        if self._opening is None:
            times.append(self._open_at(newest))
        if self.room and self._talk is None and newest is not None and not self.from_now:
            times.append(self._sync_at(newest))
        return min(times, default=NEVER)

    def _connect(self, now: float) -> None:
        if self._opening is None and now >= self._open_at(self._newest()):
            self._last_link += 1
            self._opening = self._last_link
            self.actions.append(Open(self._last_link))

    def _open_at(self, newest: _Link | None) -> float:
        return self._connect_at if newest is None else max(self._connect_at, newest.renew_at)

    def _ask(self, now: float) -> None:
        """Begin or continue a ``sync`` over the newest connection."""
        link, talk = self._newest(), self._talk
        if talk is None:
            self._gap.look(self.feed, now)
        if link is None or not self.room or self.from_now:
            return
        if talk is None and now >= self._sync_at(link):
            talk = self._talk = _Talk(link.number, since=self.feed.position)
            self._gap.asked()
        if talk is not None and talk.asked is None:
            talk.asked = AskSync(talk.link, self.feed.position, talk.cursor)
            self.actions.append(talk.asked)

    def _sync_at(self, link: _Link) -> float:
        return max(self._ask_at, self._gap.ask_at if link.caught_up else 0.0)

    def _caught_up(self, talk: _Talk) -> None:
        """Nothing is missing: older connections have served their time."""
        self._talk = None
        self._gap.answered(self.feed, talk.since)
        link = self._links[talk.link]
        first, link.caught_up = not link.caught_up, True
        older = [number for number in self._links if number != talk.link]
        for number in older:
            del self._links[number]
            self.actions.append(Close(number))
        if older:
            self.events.append(Renewed())
        if talk.recovered or (first and link.again is not None):
            self.events.append(CaughtUp(talk.recovered, link.again if first else None))

    def _again(self) -> bool | None:
        """Whether a new connection follows a lost one; none where it renews one that is fine."""
        newest = self._newest()
        if newest is None:
            return self._connected_before
        return None if newest.caught_up else newest.again

    def _heard(self, number: int, now: float) -> None:
        if number in self._links:
            self._links[number].heard_at = now

    def _newest(self) -> _Link | None:
        return self._links[max(self._links)] if self._links else None
