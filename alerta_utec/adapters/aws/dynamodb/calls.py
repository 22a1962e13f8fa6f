"""What every use of DynamoDB does around a call."""

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from alerta_utec.adapters.aws.errors import translated

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Answer = TypeVar("Answer", bound=Mapping[str, Any])


def pages(operation: str, ask: Callable[..., Answer]) -> Iterator[Answer]:
    """Every page of a Query or Scan: ``ask`` is called for each, with where it starts.

    Raises:
        Unavailable, Internal: as ``translated``.
    """
    start: dict[str, Any] = {}
    while True:
        with translated(operation):
            page = ask(**start)
        yield page
        if "LastEvaluatedKey" not in page:
            return
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


def condition_held(client: "DynamoDBClient", operation: str, write: Callable[[], object]) -> bool:
    """Whether the condition of the ``write`` held; otherwise nothing was written.

    Raises:
        Unavailable, Internal: as ``translated``.
    """
    with translated(operation):
        try:
            write()
        except client.exceptions.ConditionalCheckFailedException:
            return False
    return True
