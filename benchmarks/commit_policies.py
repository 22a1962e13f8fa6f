"""The two ways to commit under contention that are compared: optimistic, and combining."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from alerta_utec.adapters.aws.dynamodb.commit_tables import CommitTables
from alerta_utec.adapters.aws.dynamodb.inbox import Submission
from alerta_utec.adapters.aws.dynamodb.incidents import DynamoIncidents
from alerta_utec.domain.change import Change
from alerta_utec.domain.errors import Unavailable

Commit = Callable[[DynamoIncidents, Change], object]


def optimistic(store: DynamoIncidents, change: Change) -> None:
    """Commit a creation alone, again after each conflict, as version 0.1 did.

    The feed has an epoch, and no other creation has the same id or key.

    Raises:
        Unavailable: conflicts for the whole time.
    """
    own = Submission(change, change.incident_id, store.clock.now())
    tables = CommitTables(store.client, store.tables)
    for _ in store.retry.attempts():
        try:
            snapshot = tables.read([change])
            if snapshot is None or snapshot.counter is None:
                continue
            last = snapshot.counter.position
            _, actions = tables.stored(own, snapshot, replace(last, seq=last.seq + 1))
            tables.write([tables.counter.advance(last, 1), *actions])
        except Unavailable:
            continue
        return
    raise Unavailable("conflicts for the whole time")


def combining(store: DynamoIncidents, change: Change) -> None:
    """Commit as the service does.

    Raises:
        As ``IncidentStore.commit``.
    """
    store.commit(change)


POLICIES: Mapping[str, Commit] = {"optimistic": optimistic, "combining": combining}
