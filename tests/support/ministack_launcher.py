"""Start ministack with the parts that it lacks: CloudFormation types, streams and queues like
Lambda's, WebSocket subprotocols, SQS's permissions, and cold starts that unpack nothing twice.

Run with ``python -m tests.support.ministack_launcher``. It ends, with every process of its
group, when its standard input is closed: a test run that is killed leaves nothing behind.
"""

import json
import os
import signal
import sys
import threading
from typing import Any

from ministack.app import main
from ministack.services import apigateway
from ministack.services.cloudformation import provisioners

from tests.support import (
    ministack_code,
    ministack_lag,
    ministack_late,
    ministack_operations,
    ministack_permissions,
    ministack_recursion,
    ministack_streams,
    ministack_subprotocols,
)

DEPLOYMENT = "AWS::ApiGatewayV2::Deployment"
ROUTE_RESPONSE = "AWS::ApiGatewayV2::RouteResponse"


def create_deployment(
    _logical_id: str, properties: dict[str, Any], _stack: str
) -> tuple[str, dict[str, str]]:
    """Return the physical id and attributes of a new deployment."""
    settings = {"description": properties.get("Description", "")}
    status, _, body = apigateway._create_deployment(properties.get("ApiId", ""), settings)
    if status >= 400:
        raise ValueError(f"{DEPLOYMENT}: {body!r}")
    deployment_id = json.loads(body)["deploymentId"]
    return deployment_id, {"DeploymentId": deployment_id}


def delete_deployment(physical_id: str, properties: dict[str, Any]) -> None:
    """Delete a deployment; its API may be gone already."""
    apigateway._delete_deployment(properties.get("ApiId", ""), physical_id)


def create_route_response(
    _logical_id: str, properties: dict[str, Any], _stack: str
) -> tuple[str, dict[str, str]]:
    """Return the physical id and attributes of a new route response."""
    api_id, route_id = _route(properties)
    settings = {"routeResponseKey": properties.get("RouteResponseKey", "$default")}
    status, _, body = apigateway._create_route_response(api_id, route_id, settings)
    if status >= 400:
        raise ValueError(f"{ROUTE_RESPONSE}: {body!r}")
    response_id = json.loads(body)["routeResponseId"]
    return response_id, {"RouteResponseId": response_id}


def delete_route_response(physical_id: str, properties: dict[str, Any]) -> None:
    """Delete a route response; its route may be gone already."""
    api_id, route_id = _route(properties)
    apigateway._delete_route_response(api_id, route_id, physical_id)


def _route(properties: dict[str, Any]) -> tuple[str, str]:
    """Return the API and the route; ministack's ``Ref`` is ``api/route`` (on AWS: the route)."""
    return properties.get("ApiId", ""), properties.get("RouteId", "").split("/")[-1]


def _end_with_standard_input() -> None:
    sys.stdin.buffer.read()
    os.killpg(os.getpgrp(), signal.SIGKILL)


if __name__ == "__main__":
    provisioners._RESOURCE_HANDLERS.setdefault(
        DEPLOYMENT, {"create": create_deployment, "delete": delete_deployment}
    )
    provisioners._RESOURCE_HANDLERS.setdefault(
        ROUTE_RESPONSE, {"create": create_route_response, "delete": delete_route_response}
    )
    ministack_code.install()
    ministack_operations.install()
    ministack_lag.install()
    ministack_late.install()
    ministack_streams.install()
    ministack_recursion.install()
    ministack_subprotocols.install()
    ministack_permissions.install()
    threading.Thread(target=_end_with_standard_input, daemon=True).start()
    main()
