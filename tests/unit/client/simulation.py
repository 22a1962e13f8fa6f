"""A simulation of the service, of an unreliable network and of a reader, for the client's machine.

The service follows docs/protocol.md with pages of a few incidents, so that it pages often.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from alerta_utec.client.actions import AskPing, AskSync, Close, Open, Timing
from alerta_utec.client.errors import Disconnected, NotUnderstood, Refused
from alerta_utec.client.events import Event, Page, Reset, Update, parse_broadcast
from alerta_utec.client.feed import Feed
from alerta_utec.client.machine import Machine
from alerta_utec.client.outbox import Outbox
from alerta_utec.domain.change import Position
from tests.unit.client.scripted import INCIDENT

PAGE = 3
LIFE_S = 100.0
# The time for a pong after silence, the wait for a gap and the backoff before a new connection.
SETTLED_S = 20.0 + 3.0 + 8.0
NOWHERE = Position("e0", 0)
TIMING = Timing(ping_every_s=20.0, idle_limit_s=60.0, max_delay_s=8.0, stable_s=5.0)


InFlight = Update | tuple[AskSync, Page | None] | tuple[Position, bool] | Position


@dataclass(frozen=True)
class Step:
    """One committed change."""

    incident_id: str
    revision: int
    seq: int
    open: bool


@dataclass
class FakeFeed:
    """The service's feed of changes, in an epoch that ends with a restore."""

    number: int = 1
    steps: list[Step] = field(default_factory=list)

    @property
    def head(self) -> Position:
        return Position(f"e{self.number}", len(self.steps))

    def commit(self, incident_id: str, *, open: bool) -> Update:
        """Commit a change of the incident, and return its broadcast."""
        step = Step(incident_id, self.revision(incident_id) + 1, len(self.steps) + 1, open)
        self.steps.append(step)
        return parse_broadcast({"incident": _json(step), "position": str(self.head)}, "")

    def restore(self, keep: int) -> None:
        """Restore the first ``keep`` changes, in a new epoch."""
        self.number += 1
        del self.steps[keep:]

    def latest(self, up_to: int | None = None) -> dict[str, Step]:
        return {step.incident_id: step for step in self.steps[:up_to]}

    def revision(self, incident_id: str) -> int:
        step = self.latest().get(incident_id)
        return step.revision if step else 0

    def sync(self, asked: AskSync, lag: int) -> Page:
        """Return the page; a snapshot lags behind by ``lag`` changes."""
        since = asked.since
        if asked.cursor is not None:
            epoch, seq, skip = asked.cursor.split(":")
            if epoch == self.head.epoch:
                return self._snapshot(Position(epoch, int(seq)), int(skip), reset=False)
            since = None
        if since is None or since.epoch != self.head.epoch or since.seq > self.head.seq:
            position = Position(self.head.epoch, max(0, self.head.seq - lag))
            return self._snapshot(position, 0, reset=True)
        steps = self.steps[since.seq : since.seq + PAGE]
        latest = {step.incident_id: step for step in steps}
        to = since.seq + len(steps)
        found = sorted(latest.values(), key=lambda step: step.seq)
        return self._page(found, Position(since.epoch, to), more=to < self.head.seq)

    def _snapshot(self, position: Position, skip: int, *, reset: bool) -> Page:
        created = list(dict.fromkeys(step.incident_id for step in self.steps))[::-1]
        latest = self.latest()
        # The cursor is an index into all created incidents: closed ones do not move it.
        at = max(0, len(created) - skip) if skip else 0
        shown, left = [], len(created)
        for incident_id in created[at:]:
            left = len(created) - created.index(incident_id) - 1
            if latest[incident_id].open:
                shown.append(latest[incident_id])
            if len(shown) == PAGE:
                break
        cursor = f"{position}:{left}" if left and len(shown) == PAGE else None
        more = cursor is not None or position.seq < self.head.seq
        return self._page(shown, position, more=more, reset=reset, cursor=cursor)

    def _page(
        self,
        steps: list[Step],
        position: Position,
        *,
        more: bool,
        reset: bool = False,
        cursor: str | None = None,
    ) -> Page:
        frame: dict[str, Any] = {
            "incidents": [_json(step) for step in steps],
            "position": str(position),
            "more": more,
            "reset": reset,
        }
        return Page.from_frame(frame if cursor is None else frame | {"cursor": cursor})


@dataclass
class CheckingReader:
    """A reader that keeps each incident's latest revision, and checks order and duplicates."""

    held: dict[str, int] = field(default_factory=dict)
    seen: set[tuple[str, int]] = field(default_factory=set)

    def read(self, event: Event) -> None:
        if isinstance(event, Reset):
            self.held.clear()
            self.seen.clear()
        elif isinstance(event, Update):
            incident_id, revision = event.incident.incident_id, event.incident.revision
            assert (incident_id, revision) not in self.seen, "twice"
            assert revision > max((r for i, r in self.seen if i == incident_id), default=0), "older"
            self.seen.add((incident_id, revision))
            self.held[incident_id] = max(revision, self.held.get(incident_id, 0))


class Simulation:
    """The machine under test, between the service and the reader.

    ``in_flight``: by connection, the frames on their way to the client; a pong is a position and
    whether the connection was restored, a heartbeat a position. ``asked``: by connection,
    the requests that the service has not answered yet.
    """

    def __init__(self, *, from_now: bool = False, events_max: int = 8, jitter: float = 0.0) -> None:
        self.service = FakeFeed()
        self.reader = CheckingReader()
        self.now = 0.0
        # The interval that pongs state; None: the service sends no heartbeat.
        self.heartbeat_s: float | None = None
        self.in_flight: dict[int, list[InFlight]] = {}
        self.asked: dict[int, list[AskSync | AskPing]] = {}
        self.born: dict[int, float] = {}
        # Connections that the service has lost, and of these the ones that it has put back.
        self.lost: set[int] = set()
        self.restored: set[int] = set()
        self.opening: list[int] = []
        self._events_max = events_max
        self._from_now = from_now
        self._numbers = itertools.count()
        self._jitter = jitter
        self.machine = self._machine(None)
        self.outbox = Outbox(None, events_max)
        # The position at which a client ``from_now`` started: it needs no earlier change.
        self.horizon = NOWHERE
        self._beginning = from_now
        self.step()

    def _machine(self, position: Position | None) -> Machine:
        # Different for each draw and reproducible between runs.
        def uniform(low: float, high: float) -> float:
            return low + (high - low) * ((self._jitter + next(self._numbers) * 0.37) % 1.0)

        return Machine(Feed(position), TIMING, self._from_now, uniform=uniform)

    def step(self) -> None:
        """Do what the runner does after each event."""
        machine = self.machine
        machine.room = self.outbox.room
        machine.tick(self.now)
        actions, machine.actions = machine.actions, []
        for action in actions:
            match action:
                case Open(link):
                    self.opening.append(link)
                case Close(link):
                    self._forget(link)
                case AskSync() | AskPing():
                    if action.link in self.asked:
                        self.asked[action.link].append(action)
        events, machine.events = machine.events, []
        if self._beginning and not machine.from_now:
            self._beginning = False
            self.horizon = machine.feed.position or NOWHERE
        if any(isinstance(event, Reset) for event in events):
            self.horizon = NOWHERE
        self.outbox.put(events, machine.feed.position)
        machine.room = self.outbox.room

    # The network

    def connect(self, *, works: bool) -> None:
        link = self.opening.pop()
        if works:
            self.in_flight[link], self.asked[link], self.born[link] = [], [], self.now
            self.machine.opened(link, self.now)
        else:
            self.machine.closed(link, Disconnected(1006), self.now)
        self.step()

    def cut(self, link: int, code: int = 1006) -> None:
        self._forget(link)
        self.machine.closed(link, Disconnected(code), self.now)
        self.step()

    def _forget(self, link: int) -> None:
        self.in_flight.pop(link, None)
        self.asked.pop(link, None)
        self.born.pop(link, None)
        if link in self.opening:
            self.opening.remove(link)

    def commit(self, incident_id: str, *, open: bool, copies: int) -> None:
        """Commit a change; each connection gets ``copies`` of its broadcast, possibly none."""
        update = self.service.commit(incident_id, open=open)
        for link, bag in self.in_flight.items():
            bag += [update] * (0 if link in self.lost else copies)

    def serve(self, link: int, *, lag: int = 0, works: bool = True) -> None:
        """Let the service answer the oldest request of a connection."""
        asked = self.asked[link].pop(0)
        if link in self.lost:
            self.lost.remove(link)
            self.restored.add(link)
        if isinstance(asked, AskPing):
            self.in_flight[link].append((self.service.head, link in self.restored))
        else:
            page = self.service.sync(asked, lag) if works else None
            self.in_flight[link].append((asked, page))

    def deliver(self, link: int, at: int) -> None:
        """Deliver frame number ``at`` of those in flight."""
        match self.in_flight[link].pop(at):
            case Update() as update:
                self.machine.update(link, update, self.now)
            case Position() as position:
                self.machine.heartbeat(link, position, self.now)
            case (Position() as position, bool(restored)):
                self.machine.pong(
                    link,
                    position,
                    LIFE_S,
                    self.now,
                    heartbeat_s=self.heartbeat_s,
                    restored=restored,
                )
            case (asked, None):
                self.machine.refused(asked, Refused("unavailable", ""), self.now)
            case (asked, page) if page is not None:
                try:
                    self.machine.page(asked, page, self.now)
                except NotUnderstood:
                    self.cut(link)
        self.step()

    def beat(self, link: int) -> None:
        """Deliver the service's heartbeat."""
        self.machine.heartbeat(link, self.service.head, self.now)
        self.step()

    def send_heartbeat(self) -> None:
        """Send the heartbeat over every connection that the service knows whole."""
        for link in self.in_flight.keys() - self.lost - self.restored:
            self.in_flight[link].append(self.service.head)

    def random_step(self, choice: int, lag: int) -> None:
        """Do one of the possible next steps, without a fault."""
        may: list[Callable[[], None]] = [partial(self.connect, works=True)] * len(self.opening)
        may += [partial(self.serve, link, lag=lag) for link, asked in self.asked.items() if asked]
        may += [
            partial(self.deliver, link, at)
            for link, bag in self.in_flight.items()
            for at in range(len(bag))
        ]
        may += [self.read] if self.outbox else []
        if may:
            may[choice % len(may)]()

    def wait(self, seconds: float) -> None:
        """Advance the clock; the service ends connections that are too old."""
        self.now += seconds
        for link in [link for link, born in self.born.items() if self.now >= born + LIFE_S]:
            self.cut(link)
        self.step()

    # The reader

    def read(self) -> None:
        self.reader.read(self.outbox.take())
        self.step()

    def restart(self) -> None:
        """Restart the reader's process with its stored position."""
        position = self.outbox.position
        self.reader.seen.clear()
        self.in_flight.clear()
        self.asked.clear()
        self.born.clear()
        self.opening.clear()
        if position is None:
            self.reader.held.clear()
            self.horizon, self._beginning = NOWHERE, self._from_now
        self.machine = self._machine(position)
        self.outbox = Outbox(position, self._events_max)
        self.step()

    # Invariants

    def check(self) -> None:
        """Check that the reader has every change up to its position."""
        position = self.outbox.position
        if position is None or position.epoch != self.service.head.epoch:
            return
        for incident_id, step in self.service.latest(position.seq).items():
            if self._due(step):
                assert self.reader.held.get(incident_id, 0) >= step.revision, incident_id

    def _due(self, step: Step) -> bool:
        """Return whether the reader must have the change: a snapshot omits closed incidents."""
        if self.horizon.epoch == self.service.head.epoch and step.seq <= self.horizon.seq:
            return False
        later = self.service.steps[step.seq - 1 :]
        closed = any(one.incident_id == step.incident_id and not one.open for one in later)
        return step.incident_id in self.reader.held or not closed

    def _is_settled(self) -> bool:
        """Return whether one connection is left that the service knows whole."""
        return len(self.in_flight) == 1 and not self.in_flight.keys() & (self.lost | self.restored)

    def settle(self) -> None:
        """Run without faults until everything has arrived, within a bounded time."""
        until = self.now + SETTLED_S
        for _ in range(2000):
            if self.opening:
                self.connect(works=True)
            elif links := [link for link, asked in self.asked.items() if asked]:
                self.serve(links[0])
            elif links := [link for link, bag in self.in_flight.items() if bag]:
                self.deliver(links[0], 0)
            elif self.outbox:
                self.read()
            elif self.outbox.position == self.service.head and self._is_settled():
                return
            else:
                assert self.machine.wake_at() <= until, "it takes too long"
                self.wait(max(0.0, self.machine.wake_at() - self.now))
        raise AssertionError("it does not settle")


def _json(step: Step) -> dict[str, Any]:
    status = "pendiente" if step.open else "resuelto"
    return INCIDENT | {
        "incidentId": step.incident_id,
        "revision": step.revision,
        "seq": step.seq,
        "status": status,
    }
