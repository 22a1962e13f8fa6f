"""DynamoDB in simulated time: its calls take time, and transactions in flight conflict."""

from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from threading import Lock
from typing import Any, Protocol

from botocore.exceptions import ClientError, ReadTimeoutError

from tests.support import engine
from tests.support.simulated_time import SimulatedTime

Request = Mapping[str, Any]
WRITES = frozenset({"put_item", "update_item", "delete_item"})


class Fate(Enum):
    """What becomes of a call besides its response."""

    ARRIVES = "arrives"
    REQUEST_LOST = "request lost"
    RESPONSE_LOST = "response lost"
    # It takes effect when the caller has given up.
    LATE = "late"
    DIES_BEFORE = "the caller dies before the call"
    DIES_AFTER = "the caller dies after the call"


@dataclass(frozen=True, slots=True)
class Trip:
    """The seconds until a call takes effect, and until the caller has the response.

    A transaction holds its items from ``prepared_s`` on until it takes effect.
    """

    prepared_s: float
    effect_s: float
    response_s: float
    fate: Fate = Fate.ARRIVES


class Network(Protocol):
    """What lies between the callers and DynamoDB."""

    def trip(self, operation: str, request: Request) -> Trip:
        """Return how long a call takes."""
        ...

    def order(self, tables: list[str]) -> list[str]:
        """Return the order in which a batch reads the tables."""
        ...

    def admit(self, operation: str, request: Request) -> None:
        """Pass, or raise the error of a call that DynamoDB throttles."""
        ...

    def effected(self, operation: str, request: Request, response: Request) -> None:
        """Take note of a call that took effect."""
        ...


class PromptNetwork:
    """A ``Network`` that loses and throttles nothing; a call takes 3 ms."""

    def trip(self, operation: str, request: Request) -> Trip:
        return Trip(0.001, 0.001, 0.001)

    def order(self, tables: list[str]) -> list[str]:
        return tables

    def admit(self, operation: str, request: Request) -> None:
        """Pass."""

    def effected(self, operation: str, request: Request, response: Request) -> None:
        """Do nothing."""


@dataclass
class SimulatedDynamo:
    """A DynamoDB client for the functions of a ``SimulatedTime``.

    A transaction in flight refuses other writes of its items, as DynamoDB does ("Transaction
    conflict handling" in the developer guide); reads are answered.
    """

    time: SimulatedTime
    network: Network
    calls: Counter[str] = field(default_factory=Counter)
    exceptions = engine.Exceptions
    _held: set[str] = field(default_factory=set)
    _lock: Lock = field(default_factory=Lock)

    def __getattr__(self, operation: str) -> Callable[..., dict[str, Any]]:
        if operation not in engine.OPERATIONS:
            raise AttributeError(operation)
        return lambda **request: self._call(operation, request)

    def _call(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        self.calls[operation] += 1
        trip = self.network.trip(operation, request)
        if trip.fate is Fate.DIES_BEFORE:
            self.time.stop()
        if trip.fate is Fate.REQUEST_LOST:
            raise ReadTimeoutError(endpoint_url=operation)
        if trip.fate is Fate.LATE:
            self.time.start(self.time.now_s, lambda: self._late(operation, request, trip))
            raise ReadTimeoutError(endpoint_url=operation)
        try:
            response = self._take_effect(operation, request, trip)
        finally:
            if trip.fate is Fate.DIES_AFTER:
                self.time.stop()
            self.time.sleep(trip.response_s)
        if trip.fate is Fate.RESPONSE_LOST:
            raise ReadTimeoutError(endpoint_url=operation)
        return response

    def _late(self, operation: str, request: dict[str, Any], trip: Trip) -> None:
        with suppress(ClientError):
            self._take_effect(operation, request, trip)

    def _take_effect(self, operation: str, request: dict[str, Any], trip: Trip) -> dict[str, Any]:
        self.time.sleep(trip.prepared_s)
        if operation == "transact_write_items":
            return self._transact(request, trip.effect_s)
        if operation == "batch_get_item":
            return self._read_batch(request, trip.effect_s)
        self.time.sleep(trip.effect_s)
        if operation in WRITES and engine.written_item(request) in self._held:
            raise engine.refused(operation, "TransactionConflictException")
        return self._carry_out(operation, request)

    def _read_batch(self, request: dict[str, Any], within_s: float) -> dict[str, Any]:
        """Read the tables one after another: what is written meanwhile may be in some of them."""
        responses: dict[str, Any] = {}
        wanted = request["RequestItems"]
        for table in self.network.order(list(wanted)):
            self.time.sleep(within_s / len(wanted))
            one = self._carry_out("batch_get_item", {"RequestItems": {table: wanted[table]}})
            responses |= one["Responses"]
        return {"Responses": responses, "UnprocessedKeys": {}}

    def _transact(self, request: dict[str, Any], held_s: float) -> dict[str, Any]:
        actions = [write for action in request["TransactItems"] for write in action.values()]
        items = [engine.written_item(write) for write in actions]
        with self._lock:
            if not self._held.isdisjoint(items):
                raise engine.cancelled(
                    "TransactionConflict" if item in self._held else "None" for item in items
                )
            self._held.update(items)
        try:
            self.time.sleep(held_s)
        finally:
            self._held.difference_update(items)
        return self._carry_out("transact_write_items", request)

    def _carry_out(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        with self._lock:
            self.network.admit(operation, request)
            response = engine.call(operation, request | {"ReturnConsumedCapacity": "TOTAL"})
            self.network.effected(operation, request, response)
        return response
