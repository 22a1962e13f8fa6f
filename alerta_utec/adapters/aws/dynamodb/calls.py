"""The paging and conditions of calls to DynamoDB."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from alerta_utec.adapters.aws.dynamodb.attributes import Item
from alerta_utec.adapters.aws.errors import translated
from alerta_utec.adapters.retry import Retry
from alerta_utec.domain.errors import Unavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# BatchGetItem: 100 keys, 16 MB together.
GET_MAX = 100
Response = TypeVar("Response", bound=Mapping[str, Any])


def pages(operation: str, call: Callable[..., Response]) -> Iterator[Response]:
    """Yield every page of a Query or Scan.

    ``call`` is called for each page, with ``ExclusiveStartKey`` for all but the first.

    Raises:
        Unavailable, Internal: as ``translated``.
    """
    start: dict[str, Any] = {}
    while True:
        with translated(operation):
            page = call(**start)
        yield page
        if "LastEvaluatedKey" not in page:
            return
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


def get_all(
    client: "DynamoDBClient", table: str, keys: Sequence[Item], retry: Retry
) -> Iterator[Item]:
    """Yield the items that there are of ``keys``, in any order (strongly consistent).

    ``retry`` is for keys that DynamoDB leaves over. Needs ``BatchGetItem``.

    Raises:
        Unavailable, Internal: as ``translated``.
    """
    for first in range(0, len(keys), GET_MAX):
        left: list[Any] = list(keys[first : first + GET_MAX])
        for _ in retry.attempts():
            with translated("BatchGetItem"):
                answer = client.batch_get_item(
                    RequestItems={table: {"Keys": left, "ConsistentRead": True}}
                )
            yield from answer["Responses"].get(table, [])
            unread: Any = answer.get("UnprocessedKeys", {})
            left = unread.get(table, {}).get("Keys", [])
            if not left:
                break
        else:
            raise Unavailable("BatchGetItem: UnprocessedKeys")


def condition_held(client: "DynamoDBClient", operation: str, write: Callable[[], object]) -> bool:
    """Call ``write``; return False if its condition failed and nothing was written.

    Raises:
        Unavailable, Internal: as ``translated``.
    """
    with translated(operation):
        try:
            write()
        except client.exceptions.ConditionalCheckFailedException:
            return False
    return True
