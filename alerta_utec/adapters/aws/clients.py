"""AWS's clients, with the limits that the adapters count on.

Region, credentials and ``AWS_ENDPOINT_URL`` come from the environment, as everywhere on AWS.
They are made by botocore itself: boto3 would add nothing but 25 ms to a cold start.
"""

import ssl
from functools import cache
from typing import TYPE_CHECKING, Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, NoCredentialsError
from botocore.httpsession import get_cert_path
from botocore.loaders import Loader
from botocore.session import Session
from botocore.utils import get_environ_proxies

from alerta_utec.adapters.aws.management_http import Address, ManagementHttp
from alerta_utec.adapters.aws.sigv4 import Credentials
from alerta_utec.domain.errors import Unavailable

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
    session = _session()
    chosen: str = region or session.get_config_variable("region") or DEFAULT_REGION
    session.set_config_variable("region", chosen)
    return chosen


def management_api(url: str, *, keep: int) -> ManagementHttp:
    """``@connections`` at ``https://…/{stage}``, with up to ``keep`` connections kept open."""
    session = _session()
    tls = None
    if url.startswith("https:"):
        # As botocore has it: the certificates of AWS_CA_BUNDLE, or its own.
        trusted = session.get_config_variable("ca_bundle") or get_cert_path(verify=True)
        tls = ssl.create_default_context(cafile=trusted)
    return ManagementHttp(
        Address(url, tls, get_environ_proxies(url)),
        credentials,
        region=session.get_config_variable("region") or DEFAULT_REGION,
        keep=keep,
        connect_timeout_s=CONNECT_TIMEOUT_S,
        read_timeout_s=READ_TIMEOUT_S,
    )


def credentials() -> Credentials:
    """What signs at this moment; those of a Lambda or a role end, and others follow.

    Raises:
        Unavailable: there are none.
    """
    try:
        found = _session().get_credentials()
        frozen = found.get_frozen_credentials() if found else None
        if frozen is None or not frozen.access_key or not frozen.secret_key:
            raise NoCredentialsError
    except BotoCoreError as error:
        raise Unavailable(f"credentials: {type(error).__name__}") from error
    return Credentials(frozen.access_key, frozen.secret_key, frozen.token)


def dynamodb_config() -> Config:
    """Three attempts at most: about 20 s at worst."""
    return _config(max_attempts=3)


class _Loader(Loader):
    """Botocore's, which would look through the folders of 400 services for the names of four."""

    def list_available_services(self, _type_name: str) -> list[str]:
        """The services that there are clients for here."""
        return _SERVICES


@cache
def _session() -> Session:
    session = botocore.session.get_session()
    session.register_component("data_loader", _Loader())
    return session


def _client(service: str, config: Config) -> Any:
    return _session().create_client(service, config=config)


def _config(*, max_attempts: int) -> Config:
    return Config(
        connect_timeout=CONNECT_TIMEOUT_S,
        read_timeout=READ_TIMEOUT_S,
        retries={"mode": "standard", "total_max_attempts": max_attempts},
        max_pool_connections=CONNECTIONS,
        tcp_keepalive=True,
    )
