"""AWS's clients, with the limits that the adapters count on.

Region, credentials and ``AWS_ENDPOINT_URL`` come from the environment, as everywhere on AWS.
They are made by botocore itself: boto3 would add nothing but 25 ms to a cold start.
"""

import json
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import botocore.session
from botocore.config import Config
from botocore.loaders import Loader
from botocore.parsers import ResponseParserError
from botocore.session import Session

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient

DEFAULT_REGION = "us-east-1"
CONNECT_TIMEOUT_S = 2
READ_TIMEOUT_S = 5
# Threads that share a client; botocore keeps 10 connections unless told, and opens and
# drops one for each request beyond.
CONNECTIONS = 32
_SERVICES = ["cloudformation", "dynamodb", "sns", "sqs"]


def dynamodb() -> "DynamoDBClient":
    """A client for the tables."""
    client: DynamoDBClient = _client("dynamodb", dynamodb_config())
    client.meta.events.register("before-parse.dynamodb.Scan", plain_scan)
    return client


def sns() -> "SNSClient":
    """A client for topics."""
    client: SNSClient = _client("sns", _config(max_attempts=3))
    return client


def sqs() -> "SQSClient":
    """A client for queues."""
    client: SQSClient = _client("sqs", _config(max_attempts=3))
    return client


def cloudformation() -> "CloudFormationClient":
    """A client for stacks."""
    client: CloudFormationClient = _client("cloudformation", _config(max_attempts=3))
    return client


def choose_region(region: str | None) -> str:
    """Let every client be of ``region``, or of the configured one, or of serverless.yml's
    own; which one it is."""
    chosen: str = region or session().get_config_variable("region") or DEFAULT_REGION
    session().set_config_variable("region", chosen)
    return chosen


def dynamodb_config() -> Config:
    """Three attempts at most: about 20 s at worst."""
    return _config(max_attempts=3)


def plain_scan(
    response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: object
) -> None:
    """For ``before-parse``: take the items of a scan as their JSON is.

    Botocore would walk through them by its model, and come to the same where there is nothing
    binary: for 5,000 connections in 150 ms in place of 10.

    Raises:
        ResponseParserError: it is no JSON object.
    """
    if response_dict["status_code"] != HTTPStatus.OK:
        return
    try:
        customized_response_dict.update(json.loads(response_dict["body"]))
    except (TypeError, ValueError) as error:
        raise ResponseParserError("no JSON object") from error
    response_dict["body"] = b"{}"


class _Loader(Loader):
    """Botocore's, which would look through the folders of 400 services for the names of four."""

    def list_available_services(self, _type_name: str) -> list[str]:
        """The services that there are clients for here."""
        return _SERVICES


@cache
def session() -> Session:
    """Where settings and credentials come from: one for the process.

    Whoever shares it makes its clients before there are threads, as handlers do.
    """
    made = botocore.session.get_session()
    made.register_component("data_loader", _Loader())
    return made


def _client(service: str, config: Config) -> Any:
    return session().create_client(service, config=config)


def _config(*, max_attempts: int) -> Config:
    return Config(
        connect_timeout=CONNECT_TIMEOUT_S,
        read_timeout=READ_TIMEOUT_S,
        retries={"mode": "standard", "total_max_attempts": max_attempts},
        max_pool_connections=CONNECTIONS,
        tcp_keepalive=True,
    )
