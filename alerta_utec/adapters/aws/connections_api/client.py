"""``@connections`` with the settings and credentials of every other client."""

import ssl

from botocore.exceptions import BotoCoreError, NoCredentialsError
from botocore.httpsession import get_cert_path
from botocore.utils import get_environ_proxies

from alerta_utec.adapters.aws import clients
from alerta_utec.adapters.aws.connections_api.http import Address, ManagementHttp
from alerta_utec.adapters.aws.connections_api.sigv4 import Credentials
from alerta_utec.domain.errors import Unavailable


def management(url: str, *, keep: int) -> ManagementHttp:
    """``@connections`` at ``https://…/{stage}``, with up to ``keep`` connections kept open."""
    session = clients.session()
    tls = None
    if url.startswith("https:"):
        # As botocore has it: the certificates of AWS_CA_BUNDLE, or its own.
        trusted = session.get_config_variable("ca_bundle") or get_cert_path(verify=True)
        tls = ssl.create_default_context(cafile=trusted)
    return ManagementHttp(
        Address(url, tls, get_environ_proxies(url)),
        credentials,
        region=session.get_config_variable("region") or clients.DEFAULT_REGION,
        keep=keep,
        connect_timeout_s=clients.CONNECT_TIMEOUT_S,
        read_timeout_s=clients.READ_TIMEOUT_S,
    )


def credentials() -> Credentials:
    """What signs at this moment; those of a Lambda or a role end, and others follow.

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
