"""The ``IncidentStore`` on DynamoDB."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from alerta_utec.adapters.aws.dynamodb.attributes import Item, text
from alerta_utec.adapters.aws.dynamodb.commit import Commit
from alerta_utec.adapters.aws.dynamodb.commit_tables import CommitTables
from alerta_utec.adapters.aws.dynamodb.feed import DynamoFeed
from alerta_utec.adapters.aws.dynamodb.inbox import AGE_MAX, Submission
from alerta_utec.adapters.aws.dynamodb.items import change_from_image, incident_from_item
from alerta_utec.adapters.aws.dynamodb.listing import Listing
from alerta_utec.adapters.aws.dynamodb.table_names import IncidentTables
from alerta_utec.adapters.aws.errors import translated
from alerta_utec.adapters.clock import SystemClock
from alerta_utec.adapters.damaged_rows import DamagedRows
from alerta_utec.adapters.page import take_page
from alerta_utec.adapters.retry import Retry
from alerta_utec.domain.change import Change, Position
from alerta_utec.domain.errors import NotFound, Unavailable
from alerta_utec.domain.incident import Incident
from alerta_utec.ports.clock import Clock
from alerta_utec.ports.incidents import HISTORY_PAGE, Committed, IncidentPage, Query
from alerta_utec.ports.metrics import COMMITS, CONFLICTS, NO_METRICS, Metrics
from alerta_utec.wire import encoded_size

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# Secondary indexes follow "within a fraction of a second, under normal conditions" (DynamoDB
# developer guide, "Using Global Secondary Indexes"); this allows for other conditions, and for
# commits that come long after the time of their change.
INDEX_LAG = AGE_MAX + timedelta(seconds=30)
_ID_MAX = 64


@dataclass(frozen=True)
class DynamoIncidents:
    """An ``IncidentStore`` in four tables (see ``IncidentTables``).

    ``commit`` needs ``BatchGetItem``, ``PutItem`` and ``UpdateItem`` (a transaction has no
    permission of its own), and on the inbox also ``Query`` and ``DeleteItem``; reading needs
    ``GetItem`` and ``Query``, and ``position`` also ``PutItem`` on the changes, for the first
    epoch.
    """

    client: "DynamoDBClient"
    tables: IncidentTables
    retry: Retry = field(default_factory=Retry)
    clock: Clock = field(default_factory=SystemClock)
    metrics: Metrics = NO_METRICS
    _damaged_rows: DamagedRows = field(default_factory=DamagedRows)

    def commit(self, change: Change, *, expected_revision: int | None = None) -> Committed:
        own = Submission(change, uuid.uuid4().hex, self.clock.now())
        tables = CommitTables(self.client, self.tables)
        commit = Commit(own, expected_revision, tables, self._feed, self.retry, self.clock)
        try:
            done = commit.run()
        except Unavailable:
            values = {CONFLICTS: commit.conflicts}
            self.metrics.record(values, fields={"message": "not_committed"})
            raise
        if not done.duplicate:
            fields = {"message": "committed", **done.change.log_fields()}
            self.metrics.record({COMMITS: 1, CONFLICTS: commit.conflicts}, fields=fields)
        return done

    def get(self, incident_id: str) -> Incident:
        return incident_from_item(self._item(incident_id))

    def history(
        self, incident_id: str, *, limit: int = HISTORY_PAGE, before_revision: int | None = None
    ) -> Sequence[Change]:
        last = incident_from_item(self._item(incident_id))
        before = last.revision + 1 if before_revision is None else before_revision
        # One change is read by itself; for more, the index spares the read of each.
        indexed = limit != 1 or before <= last.revision
        known = self._feed.indexed_items(incident_id, before, limit) if indexed else {}
        # The newest of the page, if the index has it already; else the way leads from the last.
        first = max(known, default=last.seq)
        if known and change_from_image(known[first]).after.revision != before - 1:
            first = last.seq
        changes = map(change_from_image, self._feed.items_back_from(first, known))
        wanted = (change for change in changes if change.after.revision < before)
        newest_first, _ = take_page(wanted, limit, _size_bytes)
        return tuple(reversed(newest_first))

    def page(self, query: Query) -> IncidentPage:
        return Listing(self.client, self.tables.incidents, self._damaged_rows).page(query)

    def changes(self, *, after_seq: int, limit: int) -> Sequence[Change]:
        return self._feed.changes(after_seq=after_seq, limit=limit)

    def position(self) -> Position:
        return self._feed.position()

    def indexed_position(self) -> Position:
        return self._feed.position_before(self.clock.now() - INDEX_LAG)

    @property
    def damaged_rows(self) -> int:
        return self._damaged_rows.count

    @property
    def _feed(self) -> DynamoFeed:
        return DynamoFeed(self.client, self.tables.changes, self._damaged_rows)

    def _item(self, incident_id: str) -> Item:
        # DynamoDB refuses some of the texts that cannot be an id as a key.
        if not incident_id.isascii() or not 0 < len(incident_id) <= _ID_MAX:
            raise NotFound(incident_id)
        with translated("GetItem"):
            answer = self.client.get_item(
                TableName=self.tables.incidents,
                Key={"incidentId": text(incident_id)},
                ConsistentRead=True,
            )
        if "Item" not in answer:
            raise NotFound(incident_id)
        return answer["Item"]


def _size_bytes(change: Change) -> int:
    states = (change.after, *((change.before,) if change.before else ()))
    return sum(encoded_size(state.to_record()) for state in states) + len(change.note or "")
