"""The restore of the feed on DynamoDB, from another table of changes into those of a stack.

The changes alone are enough: an incident is the state after its last change. DynamoDB restores
each table to a second, and not two of them to the same transaction.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from alerta_utec.adapters.aws.dynamodb.attributes import Item, number, number_of, text
from alerta_utec.adapters.aws.dynamodb.batch_writer import BatchWriter
from alerta_utec.adapters.aws.dynamodb.calls import pages
from alerta_utec.adapters.aws.dynamodb.feed_gate import FeedGate, GateState
from alerta_utec.adapters.aws.dynamodb.headers import RESTORED
from alerta_utec.adapters.aws.dynamodb.items import change_from_image, incident_item
from alerta_utec.adapters.aws.dynamodb.table_names import FEED, IncidentTables
from alerta_utec.adapters.retry import Retry
from alerta_utec.domain.change import Position
from alerta_utec.domain.errors import NotFound

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# Called with the changes that are copied, and with how many there are.
Progress = Callable[[int, int], None]


class SourceRefused(Exception):
    """The table is no feed that can be restored; the text says why."""


@dataclass(frozen=True, slots=True)
class RestorePlan:
    """What a restore would do."""

    # The last change that is restored, in the source.
    last: Position
    # The state of the stack's feed; ``None`` if it has not begun.
    present: GateState | None

    @property
    def lost(self) -> int:
        """How many changes of the stack come after the last one that is restored."""
        return max(0, self.present.position.seq - self.last.seq) if self.present else 0


@dataclass(frozen=True)
class RestoreFeed:
    """Replaces the feed and the incidents of ``tables`` by the feed in the table ``source``.

    The feed is closed meanwhile: nothing is committed, and no client reads a position. Copied
    changes have the attribute ``restored``, which the readers of the stream skip, so that none is
    sent again. If the restore ends early, the feed stays closed until one has been completed.

    Idempotency keys of changes that are lost go too: a repeated request is stored anew. Needs
    ``Query`` on both tables of changes, ``Scan`` on the incidents and keys, ``BatchWriteItem`` on
    all three, and what ``FeedGate`` needs.
    """

    client: "DynamoDBClient"
    source: str
    tables: IncidentTables
    retry: Retry = field(default_factory=Retry)

    def plan(self) -> RestorePlan:
        """Check the source, and return what a restore would do.

        Raises:
            SourceRefused: the table has no feed, or one with a gap.
            Unavailable, Internal: as ``translated``.
        """
        try:
            counter = FeedGate(self.client, self.source).state()
        except NotFound as error:
            raise SourceRefused(f"no existe la tabla {self.source}") from error
        if counter is None:
            raise SourceRefused(f"la tabla {self.source} no tiene un contador de cambios")
        seq = 0
        for seq, item in enumerate(self._changes(self.source, "seq"), 1):
            if number_of(item, "seq") != seq:
                raise SourceRefused(f"a la tabla {self.source} le falta el cambio {seq}")
            if seq == counter.position.seq:
                break
        if seq < counter.position.seq:
            raise SourceRefused(f"a la tabla {self.source} le falta el cambio {seq + 1}")
        return RestorePlan(counter.position, self._gate.state())

    def run(self, plan: RestorePlan, progress: Progress) -> Position:
        """Restore as planned, and return the feed's new position; may be repeated.

        Raises:
            Unavailable, Internal: the feed is left closed; repeat the restore.
        """
        last = plan.last.seq
        self._gate.close(self.source)
        self._delete_later_changes(last)
        incident_ids = self._copy(last, progress)
        self._delete_other_incidents(incident_ids)
        self._delete_later_keys(last)
        return self._gate.open(last)

    @property
    def _gate(self) -> FeedGate:
        return FeedGate(self.client, self.tables.changes)

    def _copy(self, last: int, progress: Progress) -> set[str]:
        """Copy the changes, and store the state after each; return the incidents' ids."""
        changes = self._writer(self.tables.changes, "feed", "seq")
        incidents = self._writer(self.tables.incidents, "incidentId")
        created: dict[str, tuple[int, str | None]] = {}
        for item in self._changes(self.source, up_to=last):
            changes.put(item | {RESTORED: {"BOOL": True}})
            try:
                change = change_from_image(item)
            except (KeyError, ValueError):
                continue  # damaged there as well; the feed keeps its place
            seq, digest = created.setdefault(change.incident_id, (change.after.seq, change.digest))
            incidents.put(incident_item(change.after, created_seq=seq, digest=digest))
            progress(changes.written, last)
        changes.flush()
        incidents.flush()
        progress(last, last)
        return set(created)

    def _delete_later_changes(self, last: int) -> None:
        writer = self._writer(self.tables.changes, "feed", "seq")
        for item in self._changes(self.tables.changes, "feed, seq", after=last):
            writer.delete(item)
        writer.flush()

    def _delete_other_incidents(self, kept: set[str]) -> None:
        writer = self._writer(self.tables.incidents, "incidentId")
        for item in self._scan(self.tables.incidents, ProjectionExpression="incidentId"):
            if item["incidentId"]["S"] not in kept:
                writer.delete(item)
        writer.flush()

    def _delete_later_keys(self, last: int) -> None:
        writer = self._writer(self.tables.keys, "key")
        for item in self._scan(
            self.tables.keys,
            FilterExpression="createdSeq > :last",
            ExpressionAttributeValues={":last": number(last)},
            ProjectionExpression="#key",
            ExpressionAttributeNames={"#key": "key"},
        ):
            writer.delete(item)
        writer.flush()

    def _writer(self, table: str, *key: str) -> BatchWriter:
        return BatchWriter(self.client, table, key, self.retry)

    def _changes(
        self, table: str, attributes: str = "", *, after: int = 0, up_to: int = 10**18
    ) -> Iterator[Item]:
        chosen: Any = {"ProjectionExpression": attributes} if attributes else {}
        for page in pages(
            "Query",
            lambda **start: self.client.query(
                TableName=table,
                KeyConditionExpression="feed = :feed AND seq BETWEEN :first AND :last",
                ExpressionAttributeValues={
                    ":feed": text(FEED),
                    ":first": number(after + 1),
                    ":last": number(up_to),
                },
                ConsistentRead=True,
                **chosen,
                **start,
            ),
        ):
            yield from page["Items"]

    def _scan(self, table: str, **options: Any) -> Iterator[Item]:
        for page in pages(
            "Scan",
            lambda **start: self.client.scan(
                TableName=table, ConsistentRead=True, **options, **start
            ),
        ):
            yield from page["Items"]
