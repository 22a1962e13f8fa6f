"""A running deployment, as the conformance suite sees it."""

import http.client
import json
import urllib.parse
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from tests.conformance import differences
from tests.conformance.documents import Documents
from tests.support.deployment import STACK
from tests.support.incidents import incident
from tests.support.wsclient import WsClient

if TYPE_CHECKING:
    from mypy_boto3_apigatewaymanagementapi import ApiGatewayManagementApiClient

_KNOWN = differences.LOCAL.keys() | differences.EMULATOR.keys()
# A first deployment may read its stream some minutes later.
BROADCASTS_S = 600.0
_DUMMY: dict[str, Any] = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}


@dataclass(frozen=True)
class Answer:
    """An HTTP response."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the decoded body."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Target:
    """A running deployment.

    ``shared``: others use it at the same time, so counts are lower bounds.
    ``reaches_loopback``: it runs here, and may post to webhooks here.
    ``own_credentials``: calls to ``@connections`` are signed with the environment's.
    ``send_heartbeat``: sends the heartbeat now; without it, a test waits for the next one.
    """

    name: str
    ws_url: str
    http_url: str
    management_url: str
    deviations: Mapping[str, str] = field(default_factory=dict)
    shared: bool = False
    reaches_loopback: bool = True
    own_credentials: bool = False
    region: str = "us-east-1"
    send_heartbeat: Callable[[], object] = lambda: None

    def differs(self, difference: str) -> bool:
        """Return whether this deployment has a difference of ``differences.py``."""
        assert difference in _KNOWN, f"{difference} is not in differences.py"
        return difference in self.deviations

    @cached_property
    def documents(self) -> Documents:
        """Return the deployment's documents, against which every answer is checked."""
        asyncapi, openapi = (
            http_request("GET", f"{self.http_url}/{name}.json").json()
            for name in ("asyncapi", "openapi")
        )
        return Documents(asyncapi, openapi)

    def connect(self, query: str = "", *, url: str | None = None, **options: Any) -> WsClient:
        """Open a client's socket; its frames are checked against ``/asyncapi.json``."""
        address = url or self.ws_url + (f"?{query}" if query else "")
        return WsClient(address, check=self.documents.check_frame, **options)

    def management(self) -> "ApiGatewayManagementApiClient":
        """Return the AWS SDK's client for ``@connections``, with one attempt per call."""
        session = boto3.Session(region_name=self.region, **self._credentials())
        config = Config(retries={"total_max_attempts": 1}, connect_timeout=10, read_timeout=30)
        return session.client(
            "apigatewaymanagementapi", endpoint_url=self.management_url, config=config
        )

    def _credentials(self) -> dict[str, Any]:
        return {} if self.own_credentials else _DUMMY

    def get(self, path: str, **query: str) -> Answer:
        """Send ``GET path`` to the HTTP API."""
        return self.call("GET", path, query=query)

    def call(
        self,
        method: str,
        path: str,
        body: bytes | Mapping[str, Any] | None = None,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a request to the HTTP API; its answer is checked against ``/openapi.json``."""
        encoded = f"?{urllib.parse.urlencode(query)}" if query else ""
        data = json.dumps(body).encode() if isinstance(body, Mapping) else body
        answer = http_request(method, f"{self.http_url}{path}{encoded}", data, headers)
        kind = answer.headers.get("content-type", "").split(";")[0]
        # API Gateway calls an empty body JSON as well.
        if kind.endswith("json") and answer.body:
            self.documents.check_answer(method, path, answer.status, kind, answer.json())
        return answer

    def management_path(self, connection_id: str) -> str:
        """Return the path of one connection."""
        return f"{self.management_url}/@connections/{urllib.parse.quote(connection_id, safe='')}"


def http_request(
    method: str,
    url: str,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """Send one plain HTTP request, unsigned."""
    parts = urllib.parse.urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.netloc, timeout=30)
    try:
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        connection.request(method, path, body, dict(headers or {}))
        response = connection.getresponse()
        received = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, received, response.read())
    finally:
        connection.close()


def remote(ws_url: str, http_url: str | None) -> Target:
    """Return a deployment, by its WebSocket URL.

    The HTTP API is another host on AWS: without ``http_url`` it is read from the outputs of
    the stack that the WebSocket API belongs to. An endpoint elsewhere is a local gateway.
    """
    parts = urllib.parse.urlsplit(ws_url.rstrip("/"))
    secure = parts.scheme == "wss"
    management_url = parts._replace(scheme="https" if secure else "http").geturl()
    on_aws = ".execute-api." in parts.netloc
    region = parts.netloc.split(".")[2] if on_aws else "us-east-1"
    stage = parts.path.strip("/")

    def send_heartbeat() -> None:
        run_heartbeat(boto3.client("lambda", region_name=region), f"{STACK}-{stage}-broadcast")

    if http_url is None:
        http_url = _stack_http_url(parts.netloc) if on_aws else management_url.rsplit("/", 1)[0]
    return Target(
        name="endpoint",
        ws_url=parts.geturl(),
        http_url=http_url.rstrip("/"),
        management_url=management_url,
        deviations=_deviations(parts.netloc, parts.path),
        shared=True,
        reaches_loopback=False,
        own_credentials=on_aws,
        region=region,
        send_heartbeat=send_heartbeat if on_aws else lambda: None,
    )


def wait_for_broadcasts(target: Target) -> None:
    """Wait until a drill that is reported comes back, as after a deployment on AWS.

    Lambda takes some minutes to read a stream after its event source was created or changed.

    Raises:
        NotReceived: it did not come back in time.
    """
    with target.connect() as client:
        stored = client.notify(incident(location="make conformance", drill=True))
        client.wait_update(stored["incidentId"], timeout_s=BROADCASTS_S)


def _deviations(host: str, path: str) -> Mapping[str, str]:
    if ".execute-api." in host:
        return {}
    return differences.EMULATOR if path.startswith("/_aws/") else differences.LOCAL


def run_heartbeat(functions: Any, name: str) -> None:
    """Run the function of the schedule as in a minute in which it sends the heartbeat."""
    event = json.dumps({"time": "2026-11-30T19:04:00Z"})
    answer = functions.invoke(FunctionName=name, Payload=event)
    assert "FunctionError" not in answer, answer["Payload"].read()


def _stack_http_url(host: str) -> str:
    api_id, _, region, *_ = host.split(".")
    return stack_http_url(boto3.client("cloudformation", region_name=region), api_id)


def stack_http_url(cloudformation: Any, api_id: str) -> str:
    """Return the HTTP API's address from the outputs of the stack that has this WebSocket API.

    Raises:
        LookupError: no stack of this account and region has it.
    """
    for page in cloudformation.get_paginator("describe_stacks").paginate():
        for stack in page["Stacks"]:
            outputs: dict[str, str] = {
                o["OutputKey"]: o["OutputValue"] for o in stack.get("Outputs", ())
            }
            if outputs.get("WebSocketApiId") == api_id:
                return outputs["HttpUrl"]
    raise LookupError(f"no stack has the API {api_id}: give its --http-endpoint")
