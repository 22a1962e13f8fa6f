"""Clients that follow and submit while the server fails."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from alerta_utec.client import Client, Event, Position, Reset, Timing, Update, http_client
from tests.support.incidents import incident

# Reconnects sooner than a client that must spare a service of thousands.
EAGER = Timing(
    ping_every_s=0.5,
    idle_limit_s=0.5,
    gap_s=0.5,
    first_delay_s=0.05,
    max_delay_s=0.3,
    stable_s=1.0,
)
DEADLINE_S = 60.0


@dataclass
class Reader:
    """The events of one follower; it fails on a repeated revision or an older one."""

    held: dict[str, int] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)

    def read(self, event: Event) -> None:
        """Keep one event."""
        self.events.append(event)
        if isinstance(event, Reset):
            self.held.clear()
        if isinstance(event, Update):
            known = self.held.get(event.incident.incident_id, 0)
            assert event.incident.revision > known, f"twice: {event.text}"
            self.held[event.incident.incident_id] = event.incident.revision

    def count(self, *kinds: type) -> int:
        """Return the number of events of these kinds."""
        return sum(isinstance(event, kinds) for event in self.events)


@dataclass
class Follower:
    """A client and its reader."""

    client: Client
    reader: Reader = field(default_factory=Reader)

    async def follow(self) -> None:
        """Read until the client is closed."""
        async for event in self.client:
            self.reader.read(event)


@asynccontextmanager
async def following(
    url: str, *, position: Position | None = None, timing: Timing = EAGER
) -> AsyncIterator[Follower]:
    """Start a follower that reads inside the block; its assertion errors end the block."""
    async with (
        Client(url, position=position, timing=timing) as client,
        asyncio.TaskGroup() as group,
    ):
        follower = Follower(client)
        reading = group.create_task(follower.follow())
        yield follower
        reading.cancel()


@dataclass
class Ledger:
    """The submissions by name, and their acks."""

    acks: dict[str, dict[str, Any]] = field(default_factory=dict)
    numbers: "itertools.count[int]" = field(default_factory=itertools.count)
    closed: bool = False

    async def submit(self, client: Client, pause_s: float = 0.0) -> None:
        """Submit one incident after another, each until it is acknowledged."""
        while not self.closed:
            name = f"n{next(self.numbers)}"
            self.acks[name] = await client.notify(incident(name=name), timeout_s=DEADLINE_S)
            await asyncio.sleep(pause_s)


async def stored(http_url: str) -> list[dict[str, Any]]:
    """Return every incident of the service in order of creation."""
    async with http_client(http_url) as http:
        found = [one async for one in http.incidents(limit=100_000)]
    return found[::-1]
