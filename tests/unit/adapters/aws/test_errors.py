"""The translation of AWS's errors."""

from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
    ReadTimeoutError,
)
from botocore.parsers import ResponseParserError

from alerta_utec.adapters.aws.errors import translated
from alerta_utec.domain.errors import AlertaError, Internal, Unavailable


def _error(code: str, status: int = 400, **members: Any) -> ClientError:
    answer = {
        "Error": {"Code": code, "Message": "said by AWS"},
        "ResponseMetadata": {"HTTPStatusCode": status},
        **members,
    }
    return ClientError(answer, "Operation")  # type: ignore[arg-type]


def _cancelled(*codes: str) -> ClientError:
    reasons = [{"Code": code} for code in codes]
    return _error("TransactionCanceledException", CancellationReasons=reasons)


def _raised(error: Exception) -> AlertaError:
    with pytest.raises(AlertaError) as caught, translated("Operation"):
        raise error
    assert caught.value.__cause__ is error
    return caught.value


@pytest.mark.parametrize(
    "error",
    [
        _error("ProvisionedThroughputExceededException"),
        _error("ThrottlingException"),
        _error("RequestLimitExceeded"),
        _error("TransactionInProgressException"),
        _error("TransactionConflictException"),
        _error("InternalServerError", 500),
        _error("ServiceUnavailable", 503),
        _error("Whatever", 502),
        _error("Whatever", 429),
        _cancelled("None", "TransactionConflict"),
        _cancelled("ConditionalCheckFailed", "None"),
        _cancelled("ThrottlingError"),
        ConnectTimeoutError(endpoint_url="http://x"),
        ReadTimeoutError(endpoint_url="http://x"),
        EndpointConnectionError(endpoint_url="http://x"),
        ConnectionClosedError(endpoint_url="http://x"),
        ResponseParserError("a proxy's page"),
    ],
    ids=repr,
)
def test_a_transient_error_is_unavailable(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    raised = _raised(error)

    assert type(raised) is Unavailable
    assert not caplog.records


@pytest.mark.parametrize(
    "error",
    [
        _error("ValidationException"),
        _error("ResourceNotFoundException"),
        _error("AccessDeniedException"),
        _error("UnrecognizedClientException"),
        _cancelled("None", "ValidationError"),
        _cancelled("TransactionConflict", "ItemCollectionSizeLimitExceeded"),
        NoCredentialsError(),
        ParamValidationError(report="x"),
    ],
    ids=repr,
)
def test_a_permanent_error_is_internal_and_logged_without_aws_text(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    raised = _raised(error)

    assert type(raised) is Internal
    assert "said by AWS" not in str(raised)
    assert [record.message for record in caplog.records] == ["aws_refused"]


def test_an_error_of_another_kind_is_not_translated() -> None:
    with pytest.raises(KeyError), translated("Operation"):
        raise KeyError("x")
