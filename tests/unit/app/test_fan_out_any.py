"""Any changes, any clients, any trouble: each client gets its changes, once and in order."""

from collections.abc import Sequence
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from alerta_utec.app.broadcast import HANDSHAKE_MAX
from alerta_utec.app.shards import Division
from alerta_utec.domain.change import Change
from tests.support.broadcasts import Listener, batches, listeners
from tests.support.fan_out import Broadcasting, FedChanges

COUNTS = ("delivered", "gone", "throttled", "failed")
SECOND = timedelta(seconds=1)
# What a client's next posts come to; then they succeed.
troubles = st.lists(st.sampled_from(["delivered", "throttled", "failed"]), max_size=3)


class Troubled(Broadcasting):
    """A broadcast to clients of which some do not take a frame at the first attempt."""

    def __init__(
        self, clients: Sequence[tuple[Listener, list[str]]], changes: Sequence[Change], inline: int
    ) -> None:
        super().__init__(Division(inline, shard_size=2))
        self.store = FedChanges(changes)
        self.names = [f"c{number}" for number in range(len(clients))]
        self.left = {
            name: list(trouble) for name, (_, trouble) in zip(self.names, clients, strict=True)
        }
        opened = self.clock.now() - 2 * HANDSHAKE_MAX
        for name, (listener, _) in zip(self.names, clients, strict=True):
            self.connections.save(listener.connection(name, opened))
            self.poster.open[name] = []
        self.take, self.poster._post = self.poster._post, self._post  # type: ignore[method-assign]

    def _post(self, name: str, frame: str) -> str:
        outcome = self.left[name].pop(0) if self.left[name] else "delivered"
        return self.take(name, frame) if outcome == "delivered" else outcome


@given(
    st.lists(st.tuples(listeners, troubles), max_size=12), batches(max_size=12), st.integers(1, 4)
)
def test_each_client_gets_exactly_its_changes_once_and_in_order(
    clients: list[tuple[Listener, list[str]]], changes: list[Change], inline_max: int
) -> None:
    setup = Troubled(clients, changes, inline_max)

    setup.broadcast(*changes)
    rounds = 0
    while setup.queue.waiting:
        setup.clock.advance(SECOND)
        setup.send_shards()
        rounds += 1

    told = [
        listener.seqs_in(setup.poster.open[name])
        for name, (listener, _) in zip(setup.names, clients, strict=True)
    ]
    for got, (listener, trouble) in zip(told, clients, strict=True):
        expected = listener.expected(changes)
        given_up = len([one for one in trouble if one != "delivered"]) > 2
        # One that stays in trouble gets a beginning of its changes, and the rest by ``sync``.
        assert got == (expected[: len(got)] if given_up else expected)
    assert rounds <= 3
    for change in changes:
        outcome = setup.outcome(change)
        wanted = sum(listener.filter.concerns(change) for listener, _ in clients)
        assert outcome["attempted"] == sum(outcome[name] for name in COUNTS) == wanted
        assert outcome["delivered"] == sum(change.after.seq in got for got in told)
        assert "pending" not in outcome
