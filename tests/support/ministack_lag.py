"""Secondary indexes that lag behind their table, and records that arrive twice, as on AWS.

Amazon DynamoDB developer guide, "Using Global Secondary Indexes": an index is updated "in an
eventually consistent fashion"; here ``INDEX_LAG_S`` seconds late. Lambda developer guide, "Create
an event source mapping": records are processed "at least once, and duplicate processing of records
can occur"; here for functions with ``REPEAT_RECORDS`` in their environment.
"""

import os
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ministack.services import dynamodb
from ministack.services import lambda_svc as service

LAG_S = float(os.environ.get("INDEX_LAG_S", "0"))
REPEAT = "REPEAT_RECORDS"
Item = dict[str, Any]


@dataclass(frozen=True)
class _Write:
    at: float
    table: int
    key: tuple[Any, Any]
    before: Item | None


_writes: deque[_Write] = deque()
_set, _remove, _query = dynamodb._set_item, dynamodb._remove_item, dynamodb._query
_invoke = service._execute_function


def set_item(table: Item, hash_key: Any, range_key: Any, item: Item) -> Item | None:
    """Store an item and remember the one before it."""
    before: Item | None = _set(table, hash_key, range_key, item)
    _remember(table, (hash_key, range_key), before)
    return before


def remove_item(table: Item, hash_key: Any, range_key: Any) -> Item | None:
    """Delete an item and remember it."""
    before: Item | None = _remove(table, hash_key, range_key)
    _remember(table, (hash_key, range_key), before)
    return before


def query(data: Mapping[str, Any]) -> Any:
    """Query a table, or an index as it was ``LAG_S`` ago."""
    name = dynamodb._normalize_table_name(data.get("TableName"))
    table = dynamodb._tables.get(name)
    if table is None or not data.get("IndexName"):
        return _query(data)
    dynamodb._tables[name] = _as_it_was(table)
    try:
        return _query(data)
    finally:
        dynamodb._tables[name] = table


def _remember(table: Item, key: tuple[Any, Any], before: Item | None) -> None:
    now = time.monotonic()
    while _writes and _writes[0].at < now - LAG_S:
        _writes.popleft()
    _writes.append(_Write(now, id(table), key, before))


def _as_it_was(table: Item) -> Item:
    since = time.monotonic() - LAG_S
    items = {hash_key: dict(own) for hash_key, own in table["items"].items()}
    for write in reversed(_writes):
        if write.at >= since and write.table == id(table):
            hash_key, range_key = write.key
            own = items.setdefault(hash_key, {})
            if write.before is None:
                own.pop(range_key, None)
            else:
                own[range_key] = write.before
    old = {**table, "items": items}
    old.pop(dynamodb._INDEX_MEMBERS, None)
    return old


def invoke(function: Item, event: Item) -> Item:
    """Invoke a function; with a batch that succeeded once more, if it is to be repeated."""
    result: Item = _invoke(function, event)
    variables = function.get("config", function).get("Environment", {}).get("Variables", {})
    if REPEAT in variables and "Records" in event and not result.get("error"):
        result = _invoke(function, event)
    return result


def install() -> None:
    """Make ministack's indexes lag, if they are to, and repeat records."""
    service._execute_function = invoke
    if LAG_S:
        dynamodb._set_item, dynamodb._remove_item = set_item, remove_item
        dynamodb._query = query
