"""The ``Authenticator`` of the Lambdas: tokens of people, and keys where sign-in is on."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from alerta_utec.adapters.clock import SystemClock
from alerta_utec.deployments import sign_in
from alerta_utec.ports.authentication import Authenticator
from alerta_utec.sign_in.authenticators import KeyAuthenticator
from alerta_utec.sign_in.aws.keys import DynamoKeys

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def key_store(dynamodb: "DynamoDBClient", environment: Mapping[str, str]) -> DynamoKeys:
    """Return the keys (``CREDENTIALS_TABLE``)."""
    return DynamoKeys(dynamodb, environment["CREDENTIALS_TABLE"])


def authenticator(dynamodb: "DynamoDBClient", environment: Mapping[str, str]) -> Authenticator:
    """Return what checks tokens and keys; errors as of ``token_authenticator``."""
    tokens = token_authenticator(environment)
    if not tokens.required:
        return tokens
    return KeyAuthenticator(key_store(dynamodb, environment), SystemClock(), tokens)


def token_authenticator(environment: Mapping[str, str]) -> Authenticator:
    """Return what checks tokens, by the settings of ``sign_in``; ``AUTH_SECRET_ID`` names a secret.

    Raises:
        ValueError: as ``sign_in.authenticator``.
        Unavailable, Internal: the secret cannot be read.
    """
    reference = environment.get("AUTH_SECRET_ID")
    if not reference or not sign_in.is_on(environment):
        return sign_in.authenticator(environment)
    from alerta_utec.adapters.aws.secrets import secret_value

    return sign_in.authenticator({**environment, "AUTH_SECRET": secret_value(reference)})
