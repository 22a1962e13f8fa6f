"""Stores of incidents on DynamoDB in simulated time, over the same tables, as Lambdas have them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from alerta_utec.adapters.aws.dynamodb.combine import Combine
from alerta_utec.adapters.aws.dynamodb.commit_tables import CommitTables
from alerta_utec.adapters.aws.dynamodb.incidents import DynamoIncidents
from alerta_utec.adapters.aws.dynamodb.table_names import IncidentTables
from alerta_utec.adapters.retry import Retry
from alerta_utec.domain.backoff import Uniform
from tests.contract.aws import INCIDENT_SHAPES
from tests.support import engine
from tests.support.simulated_dynamodb import PromptNetwork, SimulatedDynamo
from tests.support.simulated_time import SimulatedClock, SimulatedTime

GIVE_UP_S = Retry().give_up_after_s
Result = TypeVar("Result")


def middle(low: float, high: float) -> float:
    """Return the mean, in place of a random number."""
    return (low + high) / 2


def combine(store: DynamoIncidents) -> Combine:
    """Return what combines commits in this store."""
    return Combine(CommitTables(store.client, store.tables), store.retry, store.clock)


@contextmanager
def simulated_stores() -> Iterator["SimulatedStores"]:
    """Yield stores over empty tables, behind a prompt network."""
    with engine.tables(*INCIDENT_SHAPES) as names:
        time = SimulatedTime()
        yield SimulatedStores(time, IncidentTables(*names), SimulatedDynamo(time, PromptNetwork()))


@dataclass(frozen=True)
class SimulatedStores:
    """Tables in simulated time, for any number of stores."""

    time: SimulatedTime
    tables: IncidentTables
    dynamodb: SimulatedDynamo

    def store(
        self, *, skew_s: float = 0.0, give_up_s: float = GIVE_UP_S, uniform: Uniform = middle
    ) -> DynamoIncidents:
        """Return the store of one Lambda, whose clock is ``skew_s`` ahead."""
        client: Any = self.dynamodb
        retry = Retry(
            give_up_after_s=give_up_s,
            sleep=self.time.sleep,
            monotonic=self.time.monotonic,
            uniform=uniform,
        )
        return DynamoIncidents(client, self.tables, retry, SimulatedClock(self.time, skew_s))

    def promptly(self, use: Callable[[DynamoIncidents], Result]) -> Result:
        """Return what ``use`` makes of a store while the network is prompt and lossless."""
        results: list[Result] = []
        self.dynamodb.network = PromptNetwork()
        self.time.start(self.time.now_s, lambda: results.append(use(self.store())))
        self.time.run()
        return results[0]
