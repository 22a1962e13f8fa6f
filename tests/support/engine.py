"""DynamoDB inside this process: ministack's engine behind the calls of a botocore client."""

import copy
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import ClientError
from ministack.services import dynamodb

from tests.contract.aws import SHAPES, table_settings
from tests.support.incidents import unique

OPERATIONS: Mapping[str, Any] = {
    "batch_get_item": dynamodb._batch_get_item,
    "delete_item": dynamodb._delete_item,
    "get_item": dynamodb._get_item,
    "put_item": dynamodb._put_item,
    "query": dynamodb._query,
    "transact_write_items": dynamodb._transact_write_items,
    "update_item": dynamodb._update_item,
}


class ConditionalCheckFailed(ClientError):
    """The error of a single write whose condition does not hold."""


class Exceptions:
    """The attribute ``exceptions`` of a client, as far as the stores use it."""

    ConditionalCheckFailedException = ConditionalCheckFailed


def refused(operation: str, code: str, **members: Any) -> ClientError:
    """Return the error that botocore raises for a refusal."""
    kind = ConditionalCheckFailed if code == "ConditionalCheckFailedException" else ClientError
    metadata: Any = {"HTTPStatusCode": 400}
    return kind({"Error": {"Code": code}, "ResponseMetadata": metadata, **members}, operation)


def cancelled(reasons: Iterable[str]) -> ClientError:
    """Return the error of a transaction that is cancelled, with a reason for each action."""
    listed = [{"Code": reason} for reason in reasons]
    return refused("TransactWriteItems", "TransactionCanceledException", CancellationReasons=listed)


def call(operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
    """Carry out one call, atomically, and return the response.

    Raises:
        ClientError: refused.
    """
    status, _, body = OPERATIONS[operation](copy.deepcopy(dict(request)))
    response: dict[str, Any] = json.loads(body)
    if status != 200:
        kind = response.pop("__type").rpartition("#")[2]
        raise refused(operation, kind, **response)
    return response


def written_item(write: Mapping[str, Any]) -> str:
    """Return the name of the item that a write, or an action of a transaction, is about."""
    table = dynamodb._tables.get(write["TableName"])
    key = write.get("Key") or write["Item"]
    names = [name for name in (table["pk_name"], table["sk_name"]) if name]
    return json.dumps([write["TableName"], *(key[name] for name in names)])


@contextmanager
def tables(*shapes: str) -> Iterator[Sequence[str]]:
    """Yield the names of new tables of these shapes, and delete them in the end."""
    names = [_create(shape) for shape in shapes]
    yield names
    for name in names:
        dynamodb._delete_table({"TableName": name})


def _create(shape: str) -> str:
    name = unique(shape)
    status, _, body = dynamodb._create_table(table_settings(name, *SHAPES[shape][:2]))
    if status != 200:
        raise ValueError(body)
    return name
