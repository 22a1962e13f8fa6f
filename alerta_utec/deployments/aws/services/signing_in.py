"""The ``Authenticator`` of the Lambdas."""

from collections.abc import Mapping

from alerta_utec.deployments import sign_in
from alerta_utec.ports.authentication import Authenticator


def authenticator(environment: Mapping[str, str]) -> Authenticator:
    """Return it by the settings of ``sign_in``; its secret is read by ``AUTH_SECRET_ID``.

    Raises:
        ValueError: as ``sign_in.authenticator``.
        Unavailable, Internal: the secret cannot be read.
    """
    reference = environment.get("AUTH_SECRET_ID")
    if not reference or not sign_in.is_on(environment):
        return sign_in.authenticator(environment)
    from alerta_utec.adapters.aws.secrets import secret_value

    return sign_in.authenticator({**environment, "AUTH_SECRET": secret_value(reference)})
