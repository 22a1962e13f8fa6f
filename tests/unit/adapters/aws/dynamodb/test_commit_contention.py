"""Commits on DynamoDB by many callers at once."""

import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from alerta_utec.adapters.aws.dynamodb.attributes import Item
from alerta_utec.adapters.aws.dynamodb.counter import COUNTER_KEY
from alerta_utec.adapters.aws.dynamodb.incidents import DynamoIncidents
from alerta_utec.adapters.retry import Retry
from alerta_utec.domain.errors import Conflict, Unavailable
from alerta_utec.domain.values import Status
from tests.contract.builders import creation, update
from tests.unit.adapters.aws.faults import (
    Fault,
    FaultyWire,
    answer,
    cancelled,
    carry_out,
    refusal,
    request_lost,
)

THREADS = 20
COMMITS = 10
WRITE = "TransactWriteItems"
LOOK = "BatchGetItem"


class FakeTime:
    """A clock that advances only by sleeping."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds

    def monotonic(self) -> float:
        return self.now_s


def test_twenty_threads_of_ten_commits_leave_seq_1_to_200_whole(
    dynamodb_incidents: DynamoIncidents,
) -> None:
    start = threading.Barrier(THREADS, timeout=30)

    def work(thread: int) -> list[int]:
        start.wait()
        names = [f"t{thread}-{step}" for step in range(COMMITS)]
        return [dynamodb_incidents.commit(creation(incidentId=n)).change.after.seq for n in names]

    with ThreadPoolExecutor(THREADS) as pool:
        told = [seq for seqs in pool.map(work, range(THREADS)) for seq in seqs]

    stored = dynamodb_incidents.changes(after_seq=0, limit=1000)
    assert sorted(told) == list(range(1, THREADS * COMMITS + 1))
    assert [change.after.seq for change in stored] == sorted(told)
    assert len({change.incident_id for change in stored}) == THREADS * COMMITS


def test_random_conflicts_throttling_and_lost_responses_leave_seq_whole(
    faulty: DynamoIncidents, wire: FaultyWire
) -> None:
    store = replace(faulty, retry=Retry(base_s=0.01, cap_s=0.2))
    injected: Counter[str] = Counter()
    chance, lock = random.Random(20251116), threading.Lock()  # noqa: S311 (no secret)
    faults: dict[str, Fault] = {
        "conflict": cancelled("TransactionConflict", "None", "None", "None"),
        "throttled": refusal("ThrottlingException"),
        "throttled inside": cancelled("None", "ThrottlingError", "None", "None"),
        "answer lost": _carried_out_or_not_and_lost,
        "request lost": request_lost,
    }

    def sometimes(request: AWSPreparedRequest) -> AWSResponse | None:
        with lock:
            name = chance.choice([*faults, *["none"] * len(faults)])
            injected[name] += 1
        return faults[name](request) if name in faults else None

    def work(thread: int) -> list[int]:
        return [_insist(store, f"t{thread}-{step}") for step in range(COMMITS)]

    wire.always(WRITE, sometimes)
    with ThreadPoolExecutor(THREADS) as pool:
        told = [seq for seqs in pool.map(work, range(THREADS)) for seq in seqs]

    stored = store.changes(after_seq=0, limit=1000)
    assert all(injected[name] for name in faults), injected
    assert sorted(told) == list(range(1, THREADS * COMMITS + 1))
    assert [change.after.seq for change in stored] == sorted(told)
    assert len({change.incident_id for change in stored}) == THREADS * COMMITS
    assert all(change.after.revision == 1 for change in stored)


def test_64_writers_share_transactions_of_8_commits_and_more(
    dynamodb_incidents: DynamoIncidents, wire: FaultyWire
) -> None:
    store, start = replace(dynamodb_incidents, client=wire.client), threading.Barrier(64)
    written: list[int] = []

    def note(http_response: AWSResponse, **_: object) -> None:
        written.append(http_response.status_code)

    def work(writer: int) -> list[int]:
        start.wait(30)
        names = [f"w{writer}-{step}" for step in range(3)]
        return [store.commit(creation(incidentId=n, key=n)).change.after.seq for n in names]

    wire.client.meta.events.register("after-call.dynamodb.TransactWriteItems", note)
    with ThreadPoolExecutor(64) as pool:
        told = [seq for seqs in pool.map(work, range(64)) for seq in seqs]

    stored = store.changes(after_seq=0, limit=1000)
    assert sorted(told) == list(range(1, 193))
    assert [change.after.seq for change in stored] == sorted(told)
    assert 192 / written.count(200) >= 8


def _carried_out_or_not_and_lost(request: AWSPreparedRequest) -> AWSResponse | None:
    carry_out(request)
    return request_lost(request)


def _insist(store: DynamoIncidents, name: str) -> int:
    """Commit, and repeat with the same id while the store is unavailable."""
    change = creation(incidentId=name)
    while True:
        try:
            return store.commit(change).change.after.seq
        except Unavailable:
            continue


def _torn(store: DynamoIncidents, *, incident: Item | None = None) -> Fault:
    """Return a read with the current counter, and the other items before the last commit."""
    counter = store.client.get_item(TableName=store.tables.changes, Key=COUNTER_KEY)["Item"]
    found = {
        store.tables.changes: [counter],
        store.tables.incidents: [incident] if incident else [],
    }
    return answer(200, {"Responses": found, "UnprocessedKeys": {}})


@pytest.mark.parametrize("same", [{"incidentId": "a"}, {"key": "k"}], ids=["id", "key"])
def test_a_creation_after_a_torn_read_finds_the_first_with_its_id_or_key(
    faulty: DynamoIncidents, wire: FaultyWire, same: dict[str, str]
) -> None:
    faulty.commit(creation(**same))
    wire.next(LOOK, _torn(faulty))

    repeated = faulty.commit(creation(**same))

    assert repeated.duplicate
    assert faulty.position().seq == 1


def test_an_update_after_a_torn_read_conflicts_with_the_one_before_it(
    faulty: DynamoIncidents, wire: FaultyWire
) -> None:
    created = faulty.commit(creation(incidentId="a")).change.after
    before = wire.client.get_item(
        TableName=faulty.tables.incidents, Key={"incidentId": {"S": "a"}}
    )["Item"]
    faulty.commit(update(created, status=Status.RESUELTO))
    wire.next(LOOK, _torn(faulty, incident=before))

    with pytest.raises(Conflict):
        faulty.commit(update(created, status=Status.EN_ATENCION))

    assert [c.after.revision for c in faulty.history("a")] == [1, 2]
    assert faulty.position().seq == 2


def test_a_commit_is_unavailable_and_not_stored_after_20_s_of_conflicts(
    faulty: DynamoIncidents, wire: FaultyWire
) -> None:
    time = FakeTime()
    retry = Retry(sleep=time.sleep, monotonic=time.monotonic)
    wire.always(WRITE, cancelled("TransactionConflict", "None", "None"))

    with pytest.raises(Unavailable):
        replace(faulty, retry=retry).commit(creation())

    assert 18.5 < time.now_s < 24
    assert wire.sent.count(WRITE) > 10
    assert faulty.position().seq == 0


def test_waits_are_drawn_from_zero_to_a_ceiling_that_doubles_up_to_a_second() -> None:
    time = FakeTime()
    ceilings: list[float] = []

    def highest(lowest: float, ceiling: float) -> float:
        assert lowest == 0
        ceilings.append(ceiling)
        return ceiling

    retry = Retry(sleep=time.sleep, monotonic=time.monotonic, uniform=highest)

    tries = list(retry.attempts())

    assert ceilings[:6] == [0.05, 0.1, 0.2, 0.4, 0.8, 1.0]
    assert set(ceilings[5:]) == {1.0}
    assert tries == list(range(len(ceilings)))
    assert time.now_s < 20


def test_two_first_readers_agree_on_the_epoch(
    faulty: DynamoIncidents, dynamodb_incidents: DynamoIncidents, wire: FaultyWire
) -> None:
    others = []

    def overtaken(_request: AWSPreparedRequest) -> AWSResponse | None:
        others.append(dynamodb_incidents.position())
        return None

    wire.next("PutItem", overtaken)

    assert [faulty.position()] == others


def test_a_commit_on_a_feed_of_another_epoch_takes_the_new_one(
    faulty: DynamoIncidents, wire: FaultyWire
) -> None:
    faulty.commit(creation())

    def restored(_request: AWSPreparedRequest) -> AWSResponse | None:
        wire.client.update_item(
            TableName=faulty.tables.changes,
            Key={"feed": {"S": "main#counter"}, "seq": {"N": "0"}},
            UpdateExpression="SET epoch = :new",
            ExpressionAttributeValues={":new": {"S": "restored"}},
        )
        return None

    wire.next(WRITE, restored)

    committed = faulty.commit(creation())

    assert str(committed.change.position) == "restored:2"
