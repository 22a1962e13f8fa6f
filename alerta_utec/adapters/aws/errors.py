"""The translator of AWS's errors into ours."""

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

# Transient errors, whatever the HTTP status.
_TRANSIENT_CODES = frozenset(
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
_TRANSIENT_REASONS = frozenset(
    {
        "None",
        "ConditionalCheckFailed",
        "ProvisionedThroughputExceeded",
        "ThrottlingError",
        "TransactionConflict",
    }
)
_TRANSIENT_ERRORS = (
    ConnectionError,
    CredentialRetrievalError,
    HTTPClientError,
    IncompleteReadError,
)


@contextmanager
def translated(operation: str) -> Iterator[None]:
    """Translate the errors of the AWS calls in the block.

    A failed condition counts as transient; callers that use conditions catch it inside the block.

    Raises:
        Unavailable: throttled, timed out, out of reach, or in conflict with another write.
        Internal: refused for good (no permission, no table, a malformed request); logged.
    """
    try:
        yield
    except ResponseParserError as error:
        # A proxy on the way to AWS has answered instead.
        raise Unavailable(f"{operation}: {code(error)}") from error
    except (BotoCoreError, ClientError) as error:
        name = code(error)
        if _is_transient(error):
            raise Unavailable(f"{operation}: {name}") from error
        log.exception("aws_refused", extra={"operation": operation, "error_code": name})
        raise Internal(f"{operation}: {name}") from error


def code(error: BotoCoreError | ClientError | ResponseParserError) -> str:
    """Return AWS's code of the error, or the class of an error on the way to AWS."""
    if isinstance(error, ClientError):
        return error.response.get("Error", {}).get("Code") or str(status(error))
    return type(error).__name__


def status(error: ClientError) -> int:
    """Return the HTTP status of the response; 0 if there is none."""
    return error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)


def _is_transient(error: BotoCoreError | ClientError) -> bool:
    if not isinstance(error, ClientError):
        return isinstance(error, _TRANSIENT_ERRORS)
    if code(error) == "TransactionCanceledException":
        return all(reason in _TRANSIENT_REASONS for reason in _reasons(error.response))
    return code(error) in _TRANSIENT_CODES or status(error) >= 500 or status(error) == 429


def _reasons(response: Mapping[str, Any]) -> list[str]:
    return [reason.get("Code", "None") for reason in response.get("CancellationReasons", ())]
