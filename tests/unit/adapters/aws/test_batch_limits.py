"""Requests for many items or messages keep to AWS's limits, at every place that sends one.

The limits are those of the services' API references.
"""

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import alerta_utec
from alerta_utec.adapters.aws.dynamodb.batch_writer import BatchWriter
from alerta_utec.adapters.aws.dynamodb.calls import get_all
from alerta_utec.adapters.aws.dynamodb.combine import Combine
from alerta_utec.adapters.aws.dynamodb.commit_tables import CommitTables
from alerta_utec.adapters.aws.dynamodb.deliveries import DynamoDeliveries
from alerta_utec.adapters.aws.dynamodb.inbox import Submission
from alerta_utec.adapters.aws.dynamodb.incidents import DynamoIncidents
from alerta_utec.adapters.aws.dynamodb.table_names import IncidentTables
from alerta_utec.adapters.aws.sqs.batches import send_all
from alerta_utec.adapters.aws.sqs.visibility import SqsVisibility
from alerta_utec.adapters.clock import SystemClock
from alerta_utec.adapters.retry import Retry
from alerta_utec.domain.delivery import Delivery
from alerta_utec.notifications.aws.dynamodb import DynamoNotifications
from alerta_utec.notifications.ports import Decision
from alerta_utec.notifications.throttle import release
from alerta_utec.notifications.throttle_state import (
    Held,
    Hold,
    HoldReason,
    ThrottlePolicy,
    ThrottleState,
)
from alerta_utec.notifications.topic_ports import Digest
from tests.contract.builders import T0, creation

MANY = 1003
LIMITS = {
    "transact_write_items": 100,
    "batch_get_item": 100,
    "batch_write_item": 25,
    "send_message_batch": 10,
    "change_message_visibility_batch": 10,
}
TABLES = IncidentTables("incidents", "changes", "keys", "inbox")


@dataclass
class Recording:
    """A client that accepts everything and counts what each request holds."""

    sizes: dict[str, list[int]] = field(default_factory=dict)

    def __getattr__(self, operation: str) -> Callable[..., Mapping[str, Any]]:
        def call(**request: Any) -> Mapping[str, Any]:
            self.sizes.setdefault(operation, []).append(_size(request))
            return {"Responses": {}, "UnprocessedItems": {}, "Items": []}

        return call


def _size(request: Mapping[str, Any]) -> int:
    """Return how many items or messages the request is for."""
    for name in ("TransactItems", "Entries"):
        if name in request:
            return len(request[name])
    tables = request.get("RequestItems", {}).values()
    return sum(len(one["Keys"] if isinstance(one, dict) else one) for one in tables)


def release_and_send(client: Any) -> None:
    """Release a thousand windows at once, and send a digest of a thousand."""
    store = DynamoNotifications(client, "notices")
    past = Hold(HoldReason.GROUPED, T0)
    held = [Held(seq, f"g{seq}", past) for seq in range(1, MANY)]
    exempt = [Held(seq, "g", Hold(HoldReason.REPORTER, T0)) for seq in range(MANY, 2 * MANY)]
    policy = ThrottlePolicy(burst=MANY, per_hour=MANY)
    released = release(ThrottleState(), [*held, *exempt], T0 + timedelta(hours=1), policy)
    store.release("topic", replace(released, holds={}))
    members = dict.fromkeys(range(MANY), HoldReason.GROUPED)
    store.mark_sent("topic", Digest(members, T0, 0, 0))


def decide(client: Any) -> None:
    """Hold a notification for the one recipient that there is, the topic."""
    decision = Decision(ThrottleState(), Hold(HoldReason.LIMIT, T0))
    DynamoNotifications(client, "notices").save(7, "g", {"topic": decision})


def commit(client: Any) -> None:
    """Commit a report with a key."""
    DynamoIncidents(client, TABLES).commit(creation(key="k", user="u"))


@dataclass
class Rush:
    """The same client, with a counter and whatever was put as the answer to a query."""

    client: Any
    put: list[Any] = field(default_factory=list)

    def __getattr__(self, operation: str) -> Any:
        return getattr(self.client, operation)

    def put_item(self, **request: Any) -> None:
        self.put.append(request["Item"])

    def query(self, **request: Any) -> Mapping[str, Any]:
        return {"Items": self.put[: request["Limit"]]}

    def batch_get_item(self, **request: Any) -> Mapping[str, Any]:
        self.client.batch_get_item(**request)
        return {"Responses": {"changes": [{"epoch": {"S": "e"}, "last": {"N": "7"}}]}}


def combine(client: Any) -> None:
    """Commit as many as possible of a thousand reports with keys that wait."""
    rush: Any = Rush(client)
    clock, tables = SystemClock(), CommitTables(rush, TABLES)
    changes = [creation(key=f"k{number}", user="u") for number in range(MANY)]
    waiting = [Submission(change, change.incident_id, clock.now()) for change in changes]
    for submission in waiting:
        tables.inbox.put(submission)
    assert Combine(tables, Retry(), clock).run(waiting[0]).change is not None


def record(client: Any) -> None:
    """Record a thousand deliveries."""
    deliveries = [Delivery("a", seq, "broadcast", T0, {}) for seq in range(1, MANY)]
    DynamoDeliveries(client, "deliveries").record(deliveries)


def write(client: Any) -> None:
    """Write a thousand items."""
    writer = BatchWriter(client, "t", ("name",))
    for number in range(MANY):
        writer.put({"name": {"S": str(number)}})
    writer.flush()


# What sends a large request from each place in the sources.
PLACES: Mapping[tuple[str, str], tuple[Callable[[Any], object], ...]] = {
    ("notifications/aws/dynamodb.py", "transact_write_items"): (release_and_send, decide),
    ("adapters/aws/dynamodb/commit_tables.py", "batch_get_item"): (commit, combine),
    ("adapters/aws/dynamodb/commit_tables.py", "transact_write_items"): (commit, combine),
    ("adapters/aws/dynamodb/calls.py", "batch_get_item"): (
        lambda client: list(get_all(client, "t", [{}] * MANY, Retry())),
    ),
    ("adapters/aws/dynamodb/deliveries.py", "batch_write_item"): (record,),
    ("adapters/aws/dynamodb/batch_writer.py", "batch_write_item"): (write,),
    ("adapters/aws/sqs/batches.py", "send_message_batch"): (
        lambda client: send_all(client, "q", ["m"] * MANY, Retry()),
    ),
    ("adapters/aws/sqs/visibility.py", "change_message_visibility_batch"): (
        lambda client: SqsVisibility(client, "q").postpone({str(n): 1 for n in range(MANY)}),
    ),
}


def places() -> Iterator[tuple[str, str]]:
    """Yield the places that send a request with a limit, or one like it."""
    root = Path(alerta_utec.__file__).parent
    for path in root.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            name = node.attr if isinstance(node, ast.Attribute) else ""
            if name.startswith(("transact_", "batch_")) or name.endswith("_batch"):
                yield str(path.relative_to(root)), name


def test_every_place_that_sends_a_large_request_is_tested() -> None:
    known = {operation for _, operation in PLACES}

    assert known == set(LIMITS)
    assert {place for place in places() if place[1] in known or _of_aws(place)} == set(PLACES)


@pytest.mark.parametrize("place", PLACES, ids=":".join)
def test_no_request_exceeds_its_limit(place: tuple[str, str]) -> None:
    client: Any = Recording()
    for send in PLACES[place]:
        send(client)

    sizes = client.sizes[place[1]]
    assert 0 < max(sizes) <= LIMITS[place[1]]


def _of_aws(place: tuple[str, str]) -> bool:
    """Return whether the place is among the adapters of AWS, where the name is an operation's."""
    return "aws/" in place[0] and not place[1].startswith("_")
