"""The feed on DynamoDB: the table of changes and the counter that orders them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from alerta_utec.adapters.aws.dynamodb.attributes import Item, epoch_us, number, number_of, text
from alerta_utec.adapters.aws.dynamodb.calls import condition_held, get_all, pages
from alerta_utec.adapters.aws.dynamodb.counter import COUNTER_KEY, Counter
from alerta_utec.adapters.aws.dynamodb.items import change_from_image
from alerta_utec.adapters.aws.dynamodb.table_names import BY_INCIDENT, FEED
from alerta_utec.adapters.aws.errors import translated
from alerta_utec.adapters.damaged_rows import DamagedRows
from alerta_utec.adapters.retry import Retry
from alerta_utec.domain.change import Change, Position
from alerta_utec.domain.errors import Unavailable
from alerta_utec.domain.ids import new_epoch
from alerta_utec.ports.incidents import HISTORY_PAGE

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True)
class DynamoFeed:
    """The table of changes. Reads are strongly consistent unless their docstring says otherwise."""

    client: "DynamoDBClient"
    table: str
    damaged_rows: DamagedRows = field(default_factory=DamagedRows)
    retry: Retry = field(default_factory=lambda: Retry(give_up_after_s=5.0))

    def position(self) -> Position:
        """Return the position of the last change; the first reader begins the epoch.

        Raises:
            Unavailable.
        """
        counter = self._item(COUNTER_KEY)
        return self.begin_epoch() if counter is None else Counter.of(counter).position

    def epoch(self) -> str | None:
        """Return the feed's epoch, or ``None`` if it has not begun.

        Raises:
            Unavailable.
        """
        counter = self._item(COUNTER_KEY)
        return None if counter is None else Counter.of(counter).position.epoch

    def begin_epoch(self) -> Position:
        """Begin a new epoch, unless another call was first; return the position.

        Raises:
            Unavailable.
        """
        first = COUNTER_KEY | {"epoch": text(new_epoch()), "last": number(0)}
        is_first = condition_held(
            self.client,
            "PutItem",
            lambda: self.client.put_item(
                TableName=self.table,
                Item=first,
                ConditionExpression="attribute_not_exists(feed)",
            ),
        )
        return Counter.of(first if is_first else self._item(COUNTER_KEY) or {}).position

    def position_before(self, moment: datetime) -> Position:
        """Return the position of the last change before ``moment``, or an older one.

        Raises:
            Unavailable.
        """
        head = self.position()
        seq = head.seq
        while seq > 0:
            newest_first = self._times_down_from(seq)
            for at_us, older in newest_first:
                if at_us < epoch_us(moment):
                    return replace(head, seq=older)
            seq = newest_first[-1][1] - 1 if newest_first else 0
        return replace(head, seq=0)

    def _times_down_from(self, seq: int) -> Sequence[tuple[int, int]]:
        """Return ``(microseconds since 1970, seq)`` of up to 100 changes from ``seq`` down."""
        with translated("Query"):
            page = self.client.query(
                TableName=self.table,
                KeyConditionExpression="feed = :feed AND seq <= :seq",
                ExpressionAttributeValues={":feed": text(FEED), ":seq": number(seq)},
                ProjectionExpression="seq, atUs",
                ScanIndexForward=False,
                ConsistentRead=True,
                Limit=100,
            )
        return [(number_of(item, "atUs"), number_of(item, "seq")) for item in page["Items"]]

    def item_at(self, seq: int) -> Item:
        """Return the item of the change at ``seq``.

        Raises:
            Unavailable: also if there is none, which only a partial restore can cause.
        """
        item = self._item({"feed": text(FEED), "seq": number(seq)})
        if item is None:
            raise Unavailable(f"no change at {seq}")
        return item

    def change_at(self, position: Position) -> Change | None:
        """Return the change, or ``None`` if a restore has removed or replaced it.

        Raises:
            Unavailable.
            KeyError, ValueError: the change is damaged.
        """
        item = self._item({"feed": text(FEED), "seq": number(position.seq)})
        if item is None or item["epoch"] != text(position.epoch):
            return None
        return change_from_image(item)

    def changes_at(self, seqs: Sequence[int]) -> Sequence[Change]:
        """Return the changes at ``seqs``, in that order. Needs ``BatchGetItem``.

        Raises:
            Unavailable: also if one is missing, which only a partial restore can cause.
        """
        keys = [{"feed": text(FEED), "seq": number(seq)} for seq in dict.fromkeys(seqs)]
        found = get_all(self.client, self.table, keys, self.retry)
        items = {number_of(item, "seq"): item for item in found}
        missing = [seq for seq in seqs if seq not in items]
        if missing:
            raise Unavailable(f"no change at {missing[0]}")
        return [change_from_image(items[seq]) for seq in seqs]

    def changes(self, *, after_seq: int, limit: int) -> Sequence[Change]:
        """Return up to ``limit`` changes from ``after_seq + 1`` on.

        Raises:
            Unavailable.
        """
        found: list[Change] = []
        start: dict[str, Any] = {}
        while len(found) < limit:
            with translated("Query"):
                page = self.client.query(
                    TableName=self.table,
                    KeyConditionExpression="feed = :feed AND seq > :seq",
                    ExpressionAttributeValues={":feed": text(FEED), ":seq": number(after_seq)},
                    ConsistentRead=True,
                    Limit=limit - len(found),
                    **start,
                )
            readable, _ = self.damaged_rows.separate(page["Items"], change_from_image, _name)
            found += readable
            if "LastEvaluatedKey" not in page:
                break
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
        return found

    def items_back_from(self, seq: int, known: Mapping[int, Item] | None = None) -> Iterator[Item]:
        """Yield an incident's changes from the one at ``seq`` back to its creation.

        Each change has the ``seq`` of the one before it, so none can be missing. The items in
        ``known``, by ``seq``, are not read again.

        Raises:
            Unavailable.
        """
        while seq:
            item = (known or {}).get(seq) or self.item_at(seq)
            try:
                before = change_from_image(item).before
            except (KeyError, ValueError):
                # The way back is in the damaged item: the older changes cannot be found.
                self.damaged_rows.note(_name(item))
                return
            yield item
            seq = before.seq if before else 0

    def changes_before(self, change: Change, *, page_size: int = HISTORY_PAGE) -> Iterator[Change]:
        """Yield the changes of the incident before ``change``, the newest first.

        They are read in pages, as needed.

        Raises:
            Unavailable: at any step.
        """
        before = change.before
        while before is not None:
            known = self.indexed_items(change.incident_id, before.revision + 1, page_size)
            page = list(islice(self.items_back_from(before.seq, known), page_size))
            found = [change_from_image(item) for item in page]
            yield from found
            # A damaged change ends the way back before a page is full.
            before = found[-1].before if len(found) == page_size else None

    def indexed_items(self, incident_id: str, before_revision: int, limit: int) -> dict[int, Item]:
        """Return the incident's last changes before a revision in the index, by ``seq``.

        At most ``limit``. The index may lag.

        Raises:
            Unavailable.
        """
        found = pages(
            "Query",
            lambda **start: self.client.query(
                TableName=self.table,
                IndexName=BY_INCIDENT,
                KeyConditionExpression="incidentId = :id AND revision < :revision",
                ExpressionAttributeValues={
                    ":id": text(incident_id),
                    ":revision": number(before_revision),
                },
                ScanIndexForward=False,
                Limit=limit,
                **start,
            ),
        )
        items = islice((item for page in found for item in page["Items"]), limit)
        return {number_of(item, "seq"): item for item in items}

    def _item(self, key: Item) -> Item | None:
        with translated("GetItem"):
            answer = self.client.get_item(TableName=self.table, Key=key, ConsistentRead=True)
        return answer.get("Item")


def _name(item: Item) -> str:
    return f"change {number_of(item, 'seq')}"
