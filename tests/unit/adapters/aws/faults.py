"""Faults between a boto3 client and AWS, at botocore's own seam before the socket."""

import json
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import ReadTimeoutError
from botocore.httpsession import URLLib3Session

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Fault = Callable[[AWSPreparedRequest], AWSResponse | None]


class FaultyWire:
    """A ``client`` whose requests of an operation meet the queued faults in turn.

    A request without a fault reaches AWS.
    """

    def __init__(self, client: "DynamoDBClient"):
        self.client = client
        self.sent: list[str] = []
        self._faults: dict[str, deque[Fault]] = {}
        self._always: dict[str, Fault] = {}
        hook: Any = self._on_send
        client.meta.events.register("before-send.dynamodb", hook)

    def next(self, operation: str, *faults: Fault) -> None:
        """Queue faults for the next requests of ``operation``, one each."""
        self._faults.setdefault(operation, deque()).extend(faults)

    def always(self, operation: str, fault: Fault) -> None:
        """Set the fault of every other request of ``operation``, from any thread."""
        self._always[operation] = fault

    def _on_send(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse | None:
        target = request.headers["X-Amz-Target"]
        operation = (target.decode() if isinstance(target, bytes) else target).split(".")[-1]
        self.sent.append(operation)
        waiting = self._faults.get(operation)
        if waiting:
            return waiting.popleft()(request)
        return self._always[operation](request) if operation in self._always else None


def answer_lost(request: AWSPreparedRequest) -> AWSResponse | None:
    """Carry out the request, and lose its response."""
    assert carry_out(request) == 200
    return request_lost(request)


def request_lost(request: AWSPreparedRequest) -> AWSResponse | None:
    """Lose the request."""
    raise ReadTimeoutError(endpoint_url=request.url)


def carry_out(request: AWSPreparedRequest) -> int:
    """Send the request by another way; return the status of its response."""
    session = URLLib3Session()
    try:
        status: int = session.send(request).status_code
        return status
    finally:
        session.close()


def answer(status: int, body: object) -> Fault:
    """Lose the request, and return another peer's response."""
    headers: Any = {"Content-Type": "application/x-amz-json-1.0"}
    return lambda request: AWSResponse(request.url, status, headers, _Raw(body))


def refusal(code: str, status: int = 400, **members: Any) -> Fault:
    """Answer as DynamoDB refuses a request."""
    return answer(status, {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", **members})


def cancelled(*reasons: str) -> Fault:
    """Answer as DynamoDB cancels a transaction, with a reason per action."""
    listed = [{"Code": reason} for reason in reasons]
    return refusal("TransactionCanceledException", CancellationReasons=listed)


class _Raw:
    """Return a body as botocore reads it from the socket."""

    def __init__(self, body: object):
        self._body = body if isinstance(body, bytes) else json.dumps(body).encode()

    def stream(self, **_: Any) -> list[bytes]:
        return [self._body]
