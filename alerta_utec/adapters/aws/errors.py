"""The one translator of AWS's errors into ours."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,
    CredentialRetrievalError,
    HTTPClientError,
    IncompleteReadError,
)
from botocore.parsers import ResponseParserError

from alerta_utec.domain.errors import Internal, Unavailable

log = logging.getLogger(__name__)

# What passes by itself, whatever the HTTP status.
_PASSING_CODES = frozenset(
    {
        "ConditionalCheckFailedException",
        "ExpiredTokenException",
        "InternalServerError",
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestTimeout",
        "ServiceUnavailable",
        "Throttled",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)
# DynamoDB, TransactWriteItems: "CancellationReasons", in the order of the request.
_PASSING_REASONS = frozenset(
    {
        "None",
        "ConditionalCheckFailed",
        "ProvisionedThroughputExceeded",
        "ThrottlingError",
        "TransactionConflict",
    }
)
_PASSING_ERRORS = (
    ConnectionError,
    CredentialRetrievalError,
    HTTPClientError,
    IncompleteReadError,
)


@contextmanager
def translated(operation: str) -> Iterator[None]:
    """Around every call of AWS: what passes is ``Unavailable``, the rest a defect of ours.

    A lost condition counts as passing: who can know better catches it inside.

    Raises:
        Unavailable: throttled, timed out, out of reach, or in conflict with another write.
        Internal: refused for good (no permission, no table, a malformed request); logged.
    """
    try:
        yield
    except ResponseParserError as error:
        # What is between here and AWS answers in its place.
        raise Unavailable(f"{operation}: {code(error)}") from error
    except (BotoCoreError, ClientError) as error:
        name = code(error)
        if _passes(error):
            raise Unavailable(f"{operation}: {name}") from error
        log.exception("aws_refused", extra={"operation": operation, "error_code": name})
        raise Internal(f"{operation}: {name}") from error


def code(error: BotoCoreError | ClientError | ResponseParserError) -> str:
    """AWS's code of the error, or the name of what went wrong on the way."""
    if isinstance(error, ClientError):
        return error.response.get("Error", {}).get("Code") or str(status(error))
    return type(error).__name__


def status(error: ClientError) -> int:
    """The HTTP status of the answer; 0 where there is none."""
    return error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)


def _passes(error: BotoCoreError | ClientError) -> bool:
    if not isinstance(error, ClientError):
        return isinstance(error, _PASSING_ERRORS)
    if code(error) == "TransactionCanceledException":
        return all(reason in _PASSING_REASONS for reason in _reasons(error.response))
    return code(error) in _PASSING_CODES or status(error) >= 500 or status(error) == 429


def _reasons(response: Mapping[str, Any]) -> list[str]:
    return [reason.get("Code", "None") for reason in response.get("CancellationReasons", ())]
