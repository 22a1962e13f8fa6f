"""Writing many items to a table of DynamoDB, 25 in a request."""

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from alerta_utec.adapters.aws.dynamodb.attributes import Item
from alerta_utec.adapters.aws.errors import translated
from alerta_utec.adapters.retry import Retry
from alerta_utec.domain.errors import Unavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# BatchWriteItem: 25 requests, each for another item.
BATCH_MAX = 25


@dataclass
class BatchWriter:
    """Puts and deletes of one table, which are sent 25 at a time; ``flush`` sends the rest.

    ``key`` names the table's key attributes. A later request for an item replaces an earlier one
    that has not been sent. Needs ``BatchWriteItem``.
    """

    client: "DynamoDBClient"
    table: str
    key: tuple[str, ...]
    retry: Retry = field(default_factory=Retry)
    written: int = 0
    _waiting: dict[str, Any] = field(default_factory=dict, repr=False)

    def put(self, item: Item) -> None:
        """Put an item.

        Raises:
            Unavailable, Internal: as ``flush``.
        """
        self._add(item, {"PutRequest": {"Item": item}})

    def delete(self, item: Item) -> None:
        """Delete an item, of which at least the key is given.

        Raises:
            Unavailable, Internal: as ``flush``.
        """
        key = {name: item[name] for name in self.key}
        self._add(item, {"DeleteRequest": {"Key": key}})

    def flush(self) -> None:
        """Send what waits.

        Raises:
            Unavailable: some requests may not be carried out.
            Internal: as ``translated``.
        """
        requests, self._waiting = list(self._waiting.values()), {}
        self.written += len(requests)
        if not requests:
            return
        for _ in self.retry.attempts():
            with translated("BatchWriteItem"):
                answer = self.client.batch_write_item(RequestItems={self.table: requests})
            requests = answer.get("UnprocessedItems", {}).get(self.table, [])
            if not requests:
                return
        raise Unavailable("BatchWriteItem: throttled")

    def _add(self, item: Item, request: Any) -> None:
        self._waiting[json.dumps([item[name] for name in self.key])] = request
        if len(self._waiting) >= BATCH_MAX:
            self.flush()
