"""AWS's clients, with the limits that the adapters count on.

Region, credentials and ``AWS_ENDPOINT_URL`` come from the environment, as everywhere on AWS.
"""

from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_apigatewaymanagementapi import ApiGatewayManagementApiClient
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


def dynamodb() -> "DynamoDBClient":
    """A client for the tables."""
    return boto3.client("dynamodb", config=dynamodb_config())


def sns() -> "SNSClient":
    """A client for topics."""
    return boto3.client("sns", config=_config(max_attempts=3))


def sqs() -> "SQSClient":
    """A client for queues."""
    return boto3.client("sqs", config=_config(max_attempts=3))


def cloudformation() -> "CloudFormationClient":
    """A client for stacks."""
    return boto3.client("cloudformation", config=_config(max_attempts=3))


def choose_region(region: str | None) -> str:
    """Let every client be of ``region``, or of the configured one, or of serverless.yml's
    own; which one it is."""
    chosen = region or boto3.session.Session().region_name or DEFAULT_REGION
    boto3.setup_default_session(region_name=chosen)
    return chosen


def management_api(endpoint_url: str) -> "ApiGatewayManagementApiClient":
    """A client for ``@connections`` at ``https://…/{stage}``."""
    return boto3.client(
        "apigatewaymanagementapi", endpoint_url=endpoint_url, config=management_config()
    )


def dynamodb_config() -> Config:
    """Three attempts at most: about 20 s at worst."""
    return _config(max_attempts=3)


def management_config() -> Config:
    """One attempt: botocore repeats what has timed out too, and a frame could arrive twice.

    ``ManagementPoster`` knows which failures are safe to repeat.
    """
    return _config(max_attempts=1)


def _config(*, max_attempts: int) -> Config:
    return Config(
        connect_timeout=CONNECT_TIMEOUT_S,
        read_timeout=READ_TIMEOUT_S,
        retries={"mode": "standard", "total_max_attempts": max_attempts},
        max_pool_connections=CONNECTIONS,
        tcp_keepalive=True,
    )
