"""``ConnectionsHttp`` with the settings and credentials of the AWS SDK's clients."""

import ssl

from botocore.exceptions import BotoCoreError, NoCredentialsError
from botocore.httpsession import get_cert_path
from botocore.utils import get_environ_proxies

from alerta_utec.adapters.aws import clients
from alerta_utec.adapters.aws.connections_api.address import ApiAddress
from alerta_utec.adapters.aws.connections_api.http import ConnectionsHttp
from alerta_utec.adapters.aws.connections_api.sigv4 import Credentials
from alerta_utec.domain.errors import Unavailable


def connections_http(url: str, *, keep: int) -> ConnectionsHttp:
    """Return ``@connections`` at ``https://…/{stage}``, with up to ``keep`` kept connections."""
    session = clients.session()
    tls = None
    if url.startswith("https:"):
        # As botocore does: the certificates of AWS_CA_BUNDLE, or its own.
        trusted = session.get_config_variable("ca_bundle") or get_cert_path(verify=True)
        tls = ssl.create_default_context(cafile=trusted)
    return ConnectionsHttp(
        ApiAddress(url, tls, get_environ_proxies(url)),
        credentials,
        region=session.get_config_variable("region") or clients.DEFAULT_REGION,
        keep=keep,
        connect_timeout_s=clients.CONNECT_TIMEOUT_S,
        read_timeout_s=clients.READ_TIMEOUT_S,
    )


def credentials() -> Credentials:
    """Return the current credentials; those of a Lambda or a role expire and are replaced.

    Raises:
        Unavailable: there are none.
    """
    try:
        found = clients.session().get_credentials()
        frozen = found.get_frozen_credentials() if found else None
        if frozen is None or not frozen.access_key or not frozen.secret_key:
            raise NoCredentialsError
    except BotoCoreError as error:
        raise Unavailable(f"credentials: {type(error).__name__}") from error
    return Credentials(frozen.access_key, frozen.secret_key, frozen.token)
