"""Any interleaving of changes, crashes, reconnects and catching up leaves every client whole."""

import json
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    precondition,
    rule,
    run_state_machine_as_test,
)

from alerta_utec import wire
from alerta_utec.adapters.sqlite.backup import backup, restore
from alerta_utec.adapters.sqlite.data_folder import DATABASE_NAME
from alerta_utec.adapters.sqlite.database import Database
from alerta_utec.adapters.sqlite.incidents import SqliteIncidents
from alerta_utec.app.access import Access
from alerta_utec.app.catch_up import CatchUp
from alerta_utec.domain.change import Change, Position
from alerta_utec.domain.errors import Conflict
from alerta_utec.domain.incident import Incident
from alerta_utec.domain.values import Status, Urgency
from alerta_utec.handlers.messages import ClientMessage
from alerta_utec.handlers.websocket import Sync
from alerta_utec.ports.incidents import IncidentStore
from tests.contract.builders import T0, creation, update
from tests.fakes.clock import ManualClock
from tests.fakes.connections import FakeConnections
from tests.support.follower import View
from tests.support.load import Frame

NAMES = [f"i{number}" for number in range(40)]
CLIENTS = 3
# So large that four fill a page.
LARGE = {"description": "\N{FIRE}" * 4000, "more": "x" * 8000}
STEPS = 60

names = st.sampled_from(NAMES)
clients = st.integers(0, CLIENTS - 1)
any_one = st.integers(0, 10**6)


@dataclass
class Client:
    """A client with the frames on their way to it; ``asks`` is its next request."""

    view: View = field(default_factory=View)
    connected: bool = False
    broadcasts: list[Frame] = field(default_factory=list)
    answer: Frame | None = None
    asks: dict[str, Any] | None = None

    def connect(self) -> None:
        self.connected = True
        self.view.begin()
        since = {} if self.view.position is None else {"since": self.view.position}
        self.asks = {"action": "sync", **since}

    def drop(self) -> None:
        self.connected = False
        self.broadcasts.clear()
        self.answer = self.asks = None


class Feed(RuleBasedStateMachine):
    """A store and three clients; frames come late, in any order, or never.

    A crash leaves the store's file as it is; a backup can be restored.
    """

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())  # hypothesis makes many in one test
        self.opened: list[Database] = []
        self.clients = [Client() for _ in range(CLIENTS)]
        self.feed: list[Change] = []
        self.submitted: dict[str, dict[str, Any]] = {}
        self.store = self.open()
        self.back_up()

    def open(self) -> IncidentStore:
        """Open the store as a crash has left it: no database was closed."""
        self.opened.append(Database(self.folder / DATABASE_NAME, durable=False))
        return SqliteIncidents(self.opened[-1])

    def close(self) -> None:
        """Close the latest first: it folds the log into the file, and the others find none."""
        while self.opened:
            self.opened.pop().close()

    # The service

    @rule(some=st.sets(names, min_size=1, max_size=7), urgency=st.sampled_from(Urgency))
    def notify_large(self, some: set[str], urgency: Urgency) -> None:
        for name in sorted(some):
            self.notify(name, {"urgency": urgency.value, **LARGE})

    @rule(name=names, status=st.sampled_from(Status))
    def notify_small(self, name: str, status: Status) -> None:
        self.notify(name, {"urgency": "low", "status": status.value})

    def notify(self, name: str, content: dict[str, Any]) -> None:
        if name not in self.submitted:
            self.submitted[name] = content
            self.committed(self.store.commit(self.creation(name)).change)

    @precondition(lambda self: self.submitted)
    @rule(pick=any_one)
    def notify_again(self, pick: int) -> None:
        name = self.picked(pick)

        committed = self.store.commit(self.creation(name))

        assert committed.duplicate
        assert committed.change == next(c for c in self.feed if c.incident_id == name)

    @precondition(lambda self: self.submitted)
    @rule(pick=any_one)
    def notify_something_else(self, pick: int) -> None:
        name = self.picked(pick)

        with pytest.raises(Conflict):
            self.store.commit(self.creation(name, location="Otro lugar"))

    @precondition(lambda self: self.submitted)
    @rule(pick=any_one, status=st.sampled_from(Status), urgency=st.sampled_from(Urgency))
    def update(self, pick: int, status: Status, urgency: Urgency) -> None:
        before = self.store.get(self.picked(pick))

        change = update(before, status=status, urgency=urgency)

        self.committed(self.store.commit(change).change)
        with pytest.raises(Conflict):
            self.store.commit(change)

    @rule()
    def crash(self) -> None:
        for client in self.clients:
            client.drop()
        self.store = self.open()

    @rule()
    def back_up(self) -> None:
        backup(self.folder, self.folder / "copy.db")
        self.kept = (list(self.feed), dict(self.submitted))

    @rule()
    def restore(self) -> None:
        self.close()
        restore(self.folder, self.folder / "copy.db")
        self.crash()
        epoch = self.store.position().epoch
        self.feed, self.submitted = list(self.kept[0]), dict(self.kept[1])
        self.feed = [c.committed(Position(epoch, c.after.seq)) for c in self.feed]

    # The clients

    @rule(number=clients)
    def reconnect(self, number: int) -> None:
        self.clients[number].drop()
        self.clients[number].connect()

    @rule(number=clients)
    def ask(self, number: int) -> None:
        client = self.clients[number]
        if client.asks is not None and client.answer is None:
            client.answer = self.sync(client.asks)
            client.asks = None

    @rule(number=clients)
    def get_the_answer(self, number: int) -> None:
        client = self.clients[number]
        if client.answer is not None:
            client.asks = client.view.take(client.answer)
            client.answer = None

    @rule(number=clients, pick=any_one, arrives=st.booleans())
    def get_a_broadcast(self, number: int, pick: int, arrives: bool) -> None:
        client = self.clients[number]
        if client.broadcasts:
            frame = client.broadcasts.pop(pick % len(client.broadcasts))
            if arrives:
                client.view.hear(frame)

    @rule(number=clients)
    def ask_for_a_gap(self, number: int) -> None:
        client = self.clients[number]
        if client.view.ahead and client.asks is None and client.answer is None:
            client.asks = {"action": "sync", "since": client.view.position}

    # What must hold

    @rule(numbers=st.sets(clients))
    def settle(self, numbers: set[int]) -> None:
        """Assert that clients which sync to the end have the state of the store."""
        for number in sorted(numbers):
            self.settle_one(self.clients[number])

    def settle_one(self, client: Client) -> None:
        if not client.connected:
            client.connect()
        if client.answer is not None:
            client.asks = client.view.take(client.answer)
            client.answer = None
        self.ask_for_all(client)
        # The request after a pong that is ahead of the client.
        client.asks = {"action": "sync", "since": client.view.position}
        self.ask_for_all(client)
        self.assert_whole(client.view)

    def ask_for_all(self, client: Client) -> None:
        pages = 0
        while client.asks is not None:
            client.asks = client.view.take(self.sync(client.asks))
            pages += 1
            assert pages <= len(self.feed) + 1

    def assert_whole(self, view: View) -> None:
        position = str(self.store.position())
        latest = {change.incident_id: change.after for change in self.feed}
        held = view.incidents
        assert view.position == position
        assert held.keys() <= latest.keys()
        for name, incident in latest.items():
            if name in held or incident.status is not Status.RESUELTO:
                assert held[name] == as_sent(incident)

    def teardown(self) -> None:
        try:
            self.assert_stored()
        finally:
            self.close()
            shutil.rmtree(self.folder)

    def assert_stored(self) -> None:
        self.settle(set(range(CLIENTS)))
        stored = self.store.changes(after_seq=0, limit=10**6)
        assert list(stored) == self.feed
        assert [change.after.seq for change in stored] == list(range(1, len(stored) + 1))

    def committed(self, change: Change) -> None:
        self.feed.append(change)
        frame = json.loads(wire.incident_update(change))
        for client in self.clients:
            if client.connected:
                client.broadcasts.append(frame)

    def creation(self, name: str, **other: Any) -> Change:
        return creation(key=f"k-{name}", incidentId=name, **self.submitted[name], **other)

    def picked(self, pick: int) -> str:
        return sorted(self.submitted)[pick % len(self.submitted)]

    def sync(self, message: dict[str, Any]) -> Frame:
        nobody = Access(FakeConnections(ManualClock()), sign_in=False)
        sync = Sync(CatchUp(self.store), nobody)
        frame: Frame = json.loads(sync.respond(ClientMessage(message, "c", T0, None)))
        return frame


def as_sent(incident: Incident) -> dict[str, Any]:
    """Return an incident as every client gets it."""
    sent: dict[str, Any] = json.loads(wire.encode(incident.to_json()))
    return sent


@pytest.mark.timeout(420)  # hypothesis takes up to five minutes to find a short failure
def test_any_interleaving_leaves_every_client_with_the_stores_state() -> None:
    run_state_machine_as_test(
        Feed, settings=settings(max_examples=80, stateful_step_count=STEPS, deadline=None)
    )
