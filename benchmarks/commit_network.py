"""The assumed times and quotas of DynamoDB, for the model of commits in a rush."""

import json
import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil

from tests.support import engine
from tests.support.simulated_dynamodb import WRITES, Request, Trip
from tests.support.simulated_time import SimulatedTime

# Milliseconds of a call within a Region, assumed; a transaction's are those of a few actions.
CALL_MS: Mapping[str, tuple[float, float]] = {
    "get_item": (3, 6),
    "query": (4, 8),
    "batch_get_item": (5, 9),
    "put_item": (4, 8),
    "update_item": (4, 8),
    "delete_item": (4, 8),
    "transact_write_items": (12, 18),
}
# Each further action of a transaction, assumed.
ACTION_MS, FEW_ACTIONS = 0.2, 4
# Of a Lambda of 512 MB, which has 0.29 of a processor: measured on one processor, and scaled.
CPU_CALL_MS, CPU_ACTION_MS = 3.0, 0.3
# DynamoDB's quotas of a partition, in units a second.
WRITE_UNITS, READ_UNITS = 1_000, 3_000
READ_UNIT_BYTES = 4096


@dataclass
class Partition:
    """The units that are left of a table which is one partition: at most those of a second."""

    per_s: float
    left: float
    filled_s: float = 0.0

    def has_some(self, now_s: float) -> bool:
        """Fill up, and tell whether anything is left."""
        self.left = min(self.per_s, self.left + (now_s - self.filled_s) * self.per_s)
        self.filled_s = now_s
        return self.left > 0


@dataclass
class Region:
    """A ``Network`` with these times and quotas, without losses.

    Each of ``hot``, the feed with its counter and the inbox, is one partition without any burst,
    by pessimism. The other tables have many, and no limit.
    """

    time: SimulatedTime
    chance: random.Random
    hot: Sequence[str]
    # Without it, callers take no time of their own.
    slow_callers: bool = True
    throttled: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._partitions = {
            (table, is_write): Partition(units, units, self.time.now_s)
            for table in self.hot
            for is_write, units in ((True, WRITE_UNITS), (False, READ_UNITS))
        }

    def trip(self, operation: str, request: Request) -> Trip:
        low, high = CALL_MS[operation]
        actions = len(request.get("TransactItems", ()))
        own_ms = (CPU_CALL_MS + CPU_ACTION_MS * actions) * self.slow_callers
        call_ms = self.chance.uniform(low, high) + ACTION_MS * max(0, actions - FEW_ACTIONS)
        way_s = call_ms / 4 / 1000
        return Trip(own_ms / 1000 + way_s, 2 * way_s, way_s)

    def order(self, tables: list[str]) -> list[str]:
        return self.chance.sample(tables, len(tables))

    def admit(self, operation: str, request: Request) -> None:
        tables = list(_tables(request))
        full = {one for one in tables if not self._has_some(one, _is_write(operation))}
        self.throttled.update(full)
        if full and operation == "transact_write_items":
            raise engine.cancelled("ThrottlingError" if one in full else "None" for one in tables)
        if full:
            raise engine.refused(operation, "ProvisionedThroughputExceededException")

    def effected(self, operation: str, request: Request, response: Request) -> None:
        for table, units in _units(operation, request, response).items():
            partition = self._partitions.get((table, _is_write(operation)))
            if partition is not None:
                partition.left -= units

    def _has_some(self, table: str, is_write: bool) -> bool:
        partition = self._partitions.get((table, is_write))
        return partition is None or partition.has_some(self.time.now_s)


def _is_write(operation: str) -> bool:
    return operation in WRITES or operation == "transact_write_items"


def _tables(request: Request) -> Iterable[str]:
    if "TransactItems" in request:
        return (write["TableName"] for one in request["TransactItems"] for write in one.values())
    return request.get("RequestItems") or [request["TableName"]]


def _units(operation: str, request: Request, response: Request) -> Mapping[str, float]:
    if operation == "transact_write_items":
        consumed = response["ConsumedCapacity"]
        return {one["TableName"]: one["WriteCapacityUnits"] for one in consumed}
    if _is_write(operation):
        return {request["TableName"]: response["ConsumedCapacity"]["CapacityUnits"]}
    if operation == "batch_get_item":
        return {table: len(one["Keys"]) for table, one in request["RequestItems"].items()}
    return {request["TableName"]: ceil(len(json.dumps(response)) / READ_UNIT_BYTES)}
