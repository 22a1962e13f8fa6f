"""Secrets in AWS Secrets Manager, as deploy/secrets.js stores them."""

from alerta_utec.adapters.aws import clients
from alerta_utec.adapters.aws.errors import translated


def secret_value(reference: str) -> str:
    """Return the value that a reference names: ``NAME:VERSION``.

    Raises:
        Unavailable, Internal: as ``translated``; a version that is not there is ``Internal``.
    """
    name, _, version = reference.rpartition(":")
    client = clients.secrets_manager()
    try:
        with translated("GetSecretValue"):
            found = client.get_secret_value(SecretId=name, VersionId=version)
    finally:
        # A Lambda reads its secrets once, when it starts.
        client.close()
    return str(found["SecretString"])
