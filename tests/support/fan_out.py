"""The use cases of a broadcast on AWS over fakes, with the clients of the test."""

from collections.abc import Sequence
from datetime import timedelta
from functools import cached_property
from typing import Any

from alerta_utec.app.broadcast import HANDSHAKE_MAX
from alerta_utec.app.fan_out import FanOut
from alerta_utec.app.send_shard import SendShard
from alerta_utec.app.shards import BY_DEFAULT, Division
from alerta_utec.domain.change import Change
from alerta_utec.domain.filters import EVERYTHING, Filter
from alerta_utec.domain.policy import Role
from alerta_utec.domain.subprotocol import Subprotocol
from tests.contract.builders import creation
from tests.fakes.clock import ManualClock
from tests.fakes.connections import FakeConnections
from tests.fakes.deliveries import FakeDeliveries
from tests.fakes.poster import FakePoster
from tests.fakes.shard_queue import FakeShardQueue
from tests.support.broadcasts import Listener
from tests.support.temporary_store import TemporaryStore


class FedChanges:
    """A ``ChangeFeed`` of these changes."""

    def __init__(self, changes: Sequence[Change]) -> None:
        self._changes = changes

    def changes(self, *, after_seq: int, limit: int) -> Sequence[Change]:
        return [one for one in self._changes if one.after.seq > after_seq][:limit]


class Broadcasting:
    """``FanOut`` and ``SendShard`` over fakes; a test may replace a fake before it is used."""

    def __init__(self, division: Division = BY_DEFAULT) -> None:
        self.division = division
        self.clock = ManualClock()
        self.connections = FakeConnections(self.clock)
        self.poster = FakePoster()
        self.deliveries = FakeDeliveries()
        self.queue = FakeShardQueue()

    @cached_property
    def store(self) -> Any:
        """The store of the changes; a test may set another ``ChangeFeed``."""
        return TemporaryStore().incidents

    @property
    def shards(self) -> SendShard:
        return SendShard(
            self.store, self.connections, self.poster, self.queue, self.deliveries, self.clock
        )

    def broadcast(self, *changes: Change, deadline_s: float | None = None) -> None:
        FanOut(self.shards, self.division).broadcast(changes, deadline_s)

    def connect(
        self,
        name: str,
        chosen: Filter = EVERYTHING,
        *,
        role: Role = Role.ESTUDIANTE,
        subprotocol: Subprotocol | None = None,
        age: timedelta = HANDSHAKE_MAX * 2,
    ) -> list[str]:
        """Connect a client and return the list of the frames that it gets."""
        listener = Listener(chosen, role, subprotocol)
        self.connections.save(listener.connection(name, self.clock.now() - age))
        self.poster.open[name] = []
        return self.poster.open[name]

    def connect_many(self, count: int, **more: Any) -> list[str]:
        names = [f"c{number}" for number in range(count)]
        for name in names:
            self.connect(name, **more)
        return names

    def commit(self, change: Change | None = None, **fields: Any) -> Change:
        committed: Change = self.store.commit(change or creation(**fields)).change
        return committed

    def outcome(self, change: Change) -> dict[str, Any]:
        """Return the record of a change's broadcast."""
        (found,) = (
            one
            for one in self.deliveries.for_incident(change.incident_id)
            if one.revision == change.after.revision
        )
        return dict(found.outcome)

    def counts(self, change: Change) -> dict[str, Any]:
        """Return the same without its time."""
        outcome = self.outcome(change)
        assert outcome.pop("ms") >= 0
        return outcome

    def stored(self) -> set[str]:
        """Return the ids of the stored connections."""
        return {one.connection_id for page in self.connections.pages() for one in page}

    def send_shards(self, deadline_s: float | None = None) -> None:
        """Send every shard that waits now."""
        waiting, self.queue.waiting = self.queue.waiting, []
        for shard in waiting:
            self.shards.send(shard, deadline_s)

    def send_all_shards(self) -> None:
        """Send shards until none waits."""
        while self.queue.waiting:
            self.send_shards()
