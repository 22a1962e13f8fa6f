"""A stand-in for DynamoDB behind botocore's clients, which holds the counter for 12 to 18 ms."""

import json
import random
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import botocore.session
from botocore import xform_name
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from botocore.exceptions import ClientError

from alerta_utec.adapters.aws.dynamodb.incidents import DynamoIncidents
from alerta_utec.adapters.aws.dynamodb.table_names import IncidentTables
from benchmarks.commit_network import Region
from tests.contract.aws import INCIDENT_SHAPES
from tests.support import engine
from tests.support.simulated_dynamodb import SimulatedDynamo
from tests.support.simulated_time import SimulatedTime


class RealTime(SimulatedTime):
    """The time of the machine, for threads."""

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


@contextmanager
def live_store() -> Iterator[DynamoIncidents]:
    """Yield a store for many threads, over a real client; the stand-in answers its requests."""
    with engine.tables(*INCIDENT_SHAPES) as names:
        clock = RealTime()
        chance = random.Random(1)  # noqa: S311 (no secret)
        stub = SimulatedDynamo(clock, Region(clock, chance, (), slow_callers=False))

        def answer(request: AWSPreparedRequest, **_: object) -> AWSResponse:
            return _answer(stub, request)

        client = _client()
        client.meta.events.register("before-send.dynamodb", answer)
        yield DynamoIncidents(client, IncidentTables(*names))
        client.close()


def _client() -> Any:
    return botocore.session.get_session().create_client(
        "dynamodb",
        region_name="us-east-1",
        aws_access_key_id="none",
        aws_secret_access_key="none",  # noqa: S106 (no secret)
        config=Config(retries={"mode": "standard", "total_max_attempts": 3}),
    )


def _answer(stub: SimulatedDynamo, request: AWSPreparedRequest) -> AWSResponse:
    target: Any = request.headers["X-Amz-Target"]
    sent: Any = request.body
    operation, body = xform_name(target.decode().split(".")[-1]), json.loads(sent)
    # The engine would remember each token.
    body.pop("ClientRequestToken", None)
    try:
        return _response(request, 200, getattr(stub, operation)(**body))
    except ClientError as error:
        kind = {"__type": f"com.amazonaws.dynamodb.v20120810#{error.response['Error']['Code']}"}
        reasons = error.response.get("CancellationReasons", [])
        return _response(request, 400, {**kind, "CancellationReasons": reasons})


def _response(request: AWSPreparedRequest, status: int, body: Mapping[str, Any]) -> AWSResponse:
    headers: Any = {"Content-Type": "application/x-amz-json-1.0"}
    return AWSResponse(request.url, status, headers, _Raw(json.dumps(body).encode()))


class _Raw:
    """A response's body as botocore reads it."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, **_: object) -> list[bytes]:
        """Return the body."""
        return [self._body]
