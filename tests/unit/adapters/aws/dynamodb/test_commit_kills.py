"""A Lambda that is killed at any step of a commit on DynamoDB loses nothing and repeats nothing."""

from dataclasses import dataclass, field
from functools import partial

import pytest
from greenlet import getcurrent, greenlet

from alerta_utec.adapters.aws.dynamodb.counter import LEASE
from alerta_utec.ports.incidents import Committed
from tests.contract.builders import creation
from tests.support.simulated_dynamodb import Fate, PromptNetwork, Request, Trip
from tests.support.simulated_stores import simulated_stores

CALLERS = 4
# A caller waits for the lease of the one that died, and then until its next look.
WAIT_MAX_S = LEASE.total_seconds() + 1.5


@dataclass
class KillAt(PromptNetwork):
    """A prompt ``Network`` that kills the victim at one of its calls."""

    step: int
    fate: Fate
    victim: greenlet | None = None
    # The operations that the victim has called.
    steps: list[str] = field(default_factory=list)

    def trip(self, operation: str, request: Request) -> Trip:
        fate = Fate.ARRIVES
        if getcurrent() is self.victim:
            self.steps.append(operation)
            if len(self.steps) == self.step:
                fate = self.fate
        return Trip(0.001, 0.001, 0.001, fate)


def rush(victim: int, step: int, fate: Fate) -> list[str]:
    """Let some callers commit at once, one of which is killed, and assert that all is well.

    Returns the victim's steps.
    """
    network = KillAt(step, fate)
    changes = [creation(key=f"k{number}") for number in range(CALLERS)]
    acks: dict[int, tuple[float, Committed]] = {}
    with simulated_stores() as stores:
        stores.promptly(lambda store: store.commit(creation()))
        stores.dynamodb.network, began_s = network, stores.time.now_s

        def call(number: int) -> None:
            if number == victim:
                network.victim = getcurrent()
            committed = stores.store().commit(changes[number])
            acks[number] = (stores.time.now_s - began_s, committed)

        for number in range(CALLERS):
            stores.time.start(began_s, partial(call, number))
        stores.time.run()
        survivors = dict(acks)
        repeated = stores.promptly(lambda store: store.commit(changes[victim]))
        feed = stores.promptly(lambda store: store.changes(after_seq=0, limit=100))

    assert survivors.keys() >= set(range(CALLERS)) - {victim}
    assert max(waited_s for waited_s, _ in survivors.values()) < WAIT_MAX_S
    committed = {number: one.change for number, (_, one) in survivors.items()}
    committed[victim] = repeated.change
    assert [change.after.seq for change in feed] == list(range(1, CALLERS + 2))
    assert sorted(map(str, feed[1:])) == sorted(map(str, committed.values()))
    return network.steps


@pytest.mark.parametrize("fate", [Fate.DIES_BEFORE, Fate.DIES_AFTER])
@pytest.mark.parametrize("victim", range(CALLERS))
def test_a_caller_killed_at_any_step_loses_nothing_and_repeats_nothing(
    victim: int, fate: Fate
) -> None:
    steps = rush(victim, 0, Fate.ARRIVES)

    for step in range(1, len(steps) + 1):
        assert rush(victim, step, fate) == steps[:step]


def test_the_callers_that_are_killed_take_every_step_that_there_is() -> None:
    steps = {one for victim in range(CALLERS) for one in rush(victim, 0, Fate.ARRIVES)}

    assert steps == {
        "batch_get_item",
        "put_item",
        "update_item",
        "query",
        "transact_write_items",
        "get_item",
    }
