"""Signatures of version 4 by botocore, at any moment."""

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials

from alerta_utec.adapters.aws.connections_api.sigv4 import Credentials


def signed_by_botocore(
    url: str, method: str, data: bytes, credentials: Credentials, region: str, date: str
) -> str:
    """Return the ``Authorization`` header."""
    names = ReadOnlyCredentials(credentials.access_key, credentials.secret_key, credentials.token)
    auth = SigV4Auth(names, "execute-api", region)
    request = AWSRequest(method, url, data=data)
    request.context["timestamp"] = date
    auth._modify_request_before_signing(request)
    to_sign = auth.string_to_sign(request, auth.canonical_request(request))
    auth._inject_signature_to_request(request, auth.signature(to_sign, request))
    return str(request.headers["Authorization"])
