"""The listing of incidents on DynamoDB, newest first."""

import heapq
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import TYPE_CHECKING

from alerta_utec.adapters.aws.dynamodb.attributes import Item, number, number_of, text
from alerta_utec.adapters.aws.dynamodb.calls import pages
from alerta_utec.adapters.aws.dynamodb.items import incident_from_item
from alerta_utec.adapters.aws.dynamodb.table_names import BY_STATUS
from alerta_utec.adapters.damaged_rows import DamagedRows
from alerta_utec.domain.folding import fold
from alerta_utec.domain.incident import Incident
from alerta_utec.domain.values import Status
from alerta_utec.ports.incidents import PAGE_MAX_BYTES, IncidentPage, Query
from alerta_utec.wire import encoded_size

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# The most incidents that one call examines: with a filter that matches few, it would otherwise
# run into API Gateway's timeout of 29 s.
EXAMINED_MAX = 2000
_QUERY_LIMIT = 200


@dataclass(frozen=True, slots=True)
class _Row:
    created_seq: int
    incident: Incident | None


@dataclass(frozen=True)
class Listing:
    """A merge of one DynamoDB query for each status, filtered by the other fields."""

    client: "DynamoDBClient"
    table: str
    damaged_rows: DamagedRows = field(default_factory=DamagedRows)
    examined_max: int = EXAMINED_MAX

    def page(self, query: Query) -> IncidentPage:
        """Return the page; see ``IncidentStore.page``.

        Raises:
            Unavailable.
        """
        shown: list[Incident] = []
        last_seq = size_bytes = 0
        rows = heapq.merge(
            *(self._rows(status, query) for status in query.status or Status),
            key=attrgetter("created_seq"),
            reverse=True,
        )
        newest_first = itertools.groupby(rows, key=attrgetter("created_seq"))
        for examined, (created_seq, same) in enumerate(newest_first):
            incident = _newest_revision([row.incident for row in same])
            matches = incident is not None and _matches(query, incident)
            full = len(shown) == query.limit or size_bytes >= PAGE_MAX_BYTES
            if examined >= self.examined_max or (matches and full):
                return IncidentPage(tuple(shown), next_seq=last_seq)
            last_seq = created_seq
            if incident is not None and matches:
                shown.append(incident)
                size_bytes += encoded_size(incident.to_record())
        return IncidentPage(tuple(shown))

    def _rows(self, status: Status, query: Query) -> Iterator[_Row]:
        condition = "#status = :status"
        values = {":status": text(status.value)}
        if query.before_seq is not None:
            condition += " AND createdSeq < :before"
            values[":before"] = number(query.before_seq)
        narrow = query.urgency or query.type is not None or query.location is not None
        for page in pages(
            "Query",
            lambda **start: self.client.query(
                TableName=self.table,
                IndexName=BY_STATUS,
                KeyConditionExpression=condition,
                ExpressionAttributeNames={"#status": "status"},
                ExpressionAttributeValues=values,
                ScanIndexForward=False,
                Limit=_QUERY_LIMIT if narrow else query.limit + 1,
                **start,
            ),
        ):
            yield from (self._row(item) for item in page["Items"])

    def _row(self, item: Item) -> _Row:
        created_seq = number_of(item, "createdSeq")
        try:
            return _Row(created_seq, incident_from_item(item))
        except (KeyError, ValueError):
            self.damaged_rows.note(f"incident {item['incidentId']['S']}")
            return _Row(created_seq, None)


def _newest_revision(same: Sequence[Incident | None]) -> Incident | None:
    """Return the latest: while the index lags, an incident may be under its old and new status."""
    readable = [incident for incident in same if incident is not None]
    return max(readable, key=attrgetter("revision"), default=None)


def _matches(query: Query, incident: Incident) -> bool:
    return (
        (not query.urgency or incident.urgency in query.urgency)
        and _same(query.type, incident.type)
        and _same(query.location, incident.location)
    )


def _same(wanted: str | None, actual: str) -> bool:
    return wanted is None or fold(wanted) == fold(actual)
