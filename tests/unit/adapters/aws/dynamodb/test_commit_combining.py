"""Commits on DynamoDB in contention: the inbox, the lease, and transactions of many changes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

import pytest

from alerta_utec.adapters.aws.dynamodb.attributes import epoch_us, number
from alerta_utec.adapters.aws.dynamodb.combine import BATCH_MAX, BATCH_MAX_BYTES
from alerta_utec.adapters.aws.dynamodb.counter import LEASE, RUSH
from alerta_utec.adapters.aws.dynamodb.inbox import AGE_MAX, Submission
from alerta_utec.adapters.aws.dynamodb.incidents import DynamoIncidents
from alerta_utec.domain.change import Change
from alerta_utec.domain.errors import AlertaError, Conflict, Internal, Unavailable
from alerta_utec.domain.values import Status
from alerta_utec.ports.incidents import Committed
from tests.contract.builders import creation, update
from tests.support.simulated_dynamodb import PromptNetwork, Request
from tests.support.simulated_stores import SimulatedStores, combine, simulated_stores

SECOND = timedelta(seconds=1)


@dataclass
class Recorder(PromptNetwork):
    """A prompt ``Network`` that keeps the number of actions of each transaction."""

    transactions: list[int] = field(default_factory=list)

    def effected(self, operation: str, request: Request, response: Request) -> None:
        if operation == "transact_write_items":
            self.transactions.append(len(request["TransactItems"]))


@pytest.fixture
def stores() -> Iterator[SimulatedStores]:
    with simulated_stores() as made:
        yield made


def wait(store: DynamoIncidents, *changes: Change, age: timedelta = timedelta(0)) -> None:
    """Put changes into the inbox, as calls do that die afterwards."""
    for order, change in enumerate(changes):
        at = store.clock.now() - age + timedelta(microseconds=order)
        combine(store).tables.inbox.put(Submission(change, f"{order:032}", at))


def combined(store: DynamoIncidents, change: Change) -> Change | None:
    """Commit a change from the inbox, with those that wait there."""
    own = Submission(change, "f" * 32, store.clock.now() + SECOND / 2)
    combine(store).tables.inbox.put(own)
    return combine(store).run(own).change


def waiting(store: DynamoIncidents) -> int:
    return len(combine(store).tables.inbox.oldest(1000))


def stored_ids(store: DynamoIncidents) -> list[str]:
    return [change.incident_id for change in store.changes(after_seq=0, limit=1000)]


def at_once(
    stores: SimulatedStores, changes: Sequence[Change]
) -> list[tuple[float, Committed | AlertaError]]:
    """Commit each change by a Lambda of its own; return when it ended, and how."""
    ended: list[tuple[float, Committed | AlertaError]] = []

    def commit(change: Change) -> None:
        result: Committed | AlertaError
        try:
            result = stores.store().commit(change)
        except AlertaError as error:
            result = error
        ended.append((stores.time.now_s, result))

    for change in changes:
        stores.time.start(stores.time.now_s, partial(commit, change))
    stores.time.run()
    return ended


def test_a_submission_alone_takes_one_read_and_one_write(stores: SimulatedStores) -> None:
    stores.promptly(lambda store: store.commit(creation()))
    stores.dynamodb.calls.clear()

    stores.promptly(lambda store: store.commit(creation(key="k")))

    assert stores.dynamodb.calls == {"batch_get_item": 1, "transact_write_items": 1}


def test_submissions_at_once_share_transactions(stores: SimulatedStores) -> None:
    stores.promptly(lambda store: store.commit(creation()))
    network = stores.dynamodb.network = Recorder()

    ended = at_once(stores, [creation(key=f"k{number}") for number in range(60)])

    committed = [result for _, result in ended if isinstance(result, Committed)]
    seqs = sorted(one.change.after.seq for one in committed)
    assert seqs == list(range(2, 62))
    assert len(network.transactions) <= 8
    assert max(network.transactions) == 1 + 4 * BATCH_MAX == 97
    assert stores.promptly(waiting) == 0


def test_the_first_two_submissions_of_a_deployment_are_both_stored(
    stores: SimulatedStores,
) -> None:
    ended = at_once(stores, [creation(), creation()])

    assert all(isinstance(result, Committed) for _, result in ended)


def test_a_submission_waits_while_another_has_the_lease_and_then_commits_by_itself(
    stores: SimulatedStores,
) -> None:
    stores.promptly(lambda store: store.commit(creation()))
    stores.promptly(lambda store: combine(store).tables.counter.acquire_lease(store.clock.now()))
    stores.dynamodb.calls.clear()
    began_s = stores.time.now_s

    ((ended_s, result),) = at_once(stores, [creation()])

    assert isinstance(result, Committed)
    assert stores.dynamodb.calls["transact_write_items"] == 1
    # A poll comes at most a second after the lease has ended.
    assert 0.9 < ended_s - began_s < LEASE.total_seconds() + 1.1


def test_a_lease_far_ahead_of_the_clock_is_ignored(stores: SimulatedStores) -> None:
    stores.promptly(lambda store: store.commit(creation()))

    def ahead(store: DynamoIncidents) -> bool:
        return combine(store).tables.counter.acquire_lease(store.clock.now() + 3600 * SECOND)

    assert stores.promptly(ahead)
    stores.dynamodb.calls.clear()
    stores.promptly(lambda store: store.commit(creation()))

    assert stores.dynamodb.calls == {"batch_get_item": 1, "transact_write_items": 1}
    assert stores.promptly(lambda store: combined(store, creation())) is not None


def test_the_holder_releases_the_lease_with_its_own_commit(stores: SimulatedStores) -> None:
    stores.promptly(lambda store: store.commit(creation()))

    stores.promptly(lambda store: combined(store, creation()))

    assert stores.promptly(lambda store: combined(store, creation())) is not None
    assert stores.time.now_s < LEASE.total_seconds()


@pytest.mark.parametrize("together", [1, 2])
def test_a_submission_right_after_a_combined_transaction_of_several_goes_to_the_inbox(
    stores: SimulatedStores, together: int
) -> None:
    stores.promptly(lambda store: store.commit(creation()))
    stores.promptly(lambda store: wait(store, *(creation() for _ in range(together - 1))))
    stores.promptly(lambda store: combined(store, creation()))

    calls = []
    for _ in range(2):
        stores.dynamodb.calls.clear()
        stores.promptly(lambda store: store.commit(creation()))
        calls.append(dict(stores.dynamodb.calls))
        stores.time.now_s += RUSH.total_seconds()

    assert ["put_item" in one for one in calls] == [together > 1, False]
    assert [one["transact_write_items"] for one in calls] == [1, 1]


def test_a_duplicate_and_a_stale_update_fail_alone(stores: SimulatedStores) -> None:
    def prepare(store: DynamoIncidents) -> None:
        first = store.commit(creation(incidentId="a", key="k")).change.after
        store.commit(update(first, status=Status.EN_ATENCION))
        wait(
            store,
            creation(incidentId="a"),
            creation(incidentId="a", location="Otro lugar"),
            creation(incidentId="b", key="k"),
            update(first, note="tarde"),
            update(creation(incidentId="ausente").after),
            creation(incidentId="nuevo"),
        )

    stores.promptly(prepare)

    own = stores.promptly(lambda store: combined(store, creation(incidentId="propio")))

    assert own is not None
    assert stores.promptly(stored_ids) == ["a", "a", "nuevo", "propio"]
    assert stores.promptly(waiting) <= 2  # later rows of the same incident or key


def test_the_callers_of_a_duplicate_and_of_a_stale_update_learn_it(
    stores: SimulatedStores,
) -> None:
    first = stores.promptly(lambda store: store.commit(creation(incidentId="a"))).change.after

    same = [creation(incidentId="b", key="k") for _ in range(5)]
    updates = [update(first, note=f"nota {number}") for number in range(5)]
    results = [result for _, result in at_once(stores, [*same, *updates])]

    committed = [one for one in results if isinstance(one, Committed)]
    assert sorted(one.duplicate for one in committed) == [False, False, True, True, True, True]
    assert sum(isinstance(one, Conflict) for one in results) == 4
    assert stores.promptly(lambda store: store.position().seq) == 3


@pytest.mark.parametrize(
    ("age", "is_committed"),
    [
        (AGE_MAX - 2 * SECOND, True),
        (AGE_MAX + SECOND, False),
        (-AGE_MAX - SECOND, False),
        (timedelta(days=2), False),
    ],
    ids=["28 s", "31 s", "31 s ahead", "2 days"],
)
def test_an_old_submission_is_removed_and_never_committed(
    stores: SimulatedStores, age: timedelta, is_committed: bool
) -> None:
    stores.promptly(lambda store: store.commit(creation(incidentId="a")))
    stores.promptly(lambda store: wait(store, creation(incidentId="vieja"), age=age))

    stores.promptly(lambda store: combined(store, creation(incidentId="propio")))

    assert ("vieja" in stores.promptly(stored_ids)) is is_committed
    assert stores.promptly(waiting) == 0


def test_a_row_that_this_version_cannot_read_holds_up_nothing_and_goes_when_it_is_old(
    stores: SimulatedStores,
) -> None:
    def damage(store: DynamoIncidents) -> None:
        store.commit(creation(incidentId="a"))
        at_us = number(epoch_us(store.clock.now()))
        row = {"feed": {"S": "main"}, "row": {"S": "0"}, "submittedAtUs": at_us}
        store.client.put_item(TableName=store.tables.inbox, Item=row)

    stores.promptly(damage)

    stores.promptly(lambda store: combined(store, creation(incidentId="b")))
    left = stores.promptly(waiting)
    stores.time.now_s += AGE_MAX.total_seconds() + 1
    stores.promptly(lambda store: combined(store, creation(incidentId="c")))

    assert stores.promptly(stored_ids) == ["a", "b", "c"]
    assert (left, stores.promptly(waiting)) == (1, 0)


def test_large_submissions_are_divided_among_transactions(stores: SimulatedStores) -> None:
    large = "\N{FIRE}" * 4000
    changes = [creation(incidentId=f"g{n}", description=large) for n in range(BATCH_MAX)]
    stores.promptly(lambda store: store.commit(creation()))
    stores.promptly(lambda store: wait(store, *changes))
    network = stores.dynamodb.network = Recorder()
    stores.time.start(stores.time.now_s, lambda: combined(stores.store(), creation()))

    stores.time.run()

    bytes_each = len(large.encode())
    assert stores.promptly(waiting) == 0
    assert len(network.transactions) >= BATCH_MAX * bytes_each / BATCH_MAX_BYTES
    assert max(network.transactions) <= 1 + 3 * BATCH_MAX_BYTES / bytes_each


def test_a_submission_that_dynamodb_refuses_for_good_fails_alone(stores: SimulatedStores) -> None:
    incident = creation(incidentId="imposible").after.model_copy(update={"revision": int("9" * 40)})
    impossible = Change(None, incident)
    stores.promptly(lambda store: store.commit(creation(incidentId="a")))
    stores.promptly(lambda store: wait(store, impossible, creation(incidentId="b")))

    own = stores.promptly(lambda store: combined(store, creation(incidentId="propio")))

    assert own is not None
    with pytest.raises(Internal):
        stores.promptly(lambda store: combined(store, impossible))
    assert "imposible" not in stores.promptly(stored_ids)


def test_a_submission_that_is_given_up_is_withdrawn(stores: SimulatedStores) -> None:
    class NoTransactions(PromptNetwork):
        def admit(self, operation: str, request: Request) -> None:
            if operation == "transact_write_items":
                raise Unavailable

    stores.promptly(lambda store: store.commit(creation(incidentId="a")))
    stores.dynamodb.network = NoTransactions()

    ((_, result),) = at_once(stores, [creation(incidentId="b")])

    assert isinstance(result, Unavailable)
    assert stores.promptly(waiting) == 0
    assert stores.promptly(stored_ids) == ["a"]
