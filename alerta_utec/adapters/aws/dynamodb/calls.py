"""The paging and conditions of calls to DynamoDB."""

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from alerta_utec.adapters.aws.errors import translated

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

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
