"""Signatures compared with botocore's, for every kind of request."""

from urllib.parse import quote

from hypothesis import given
from hypothesis import strategies as st

from alerta_utec.adapters.aws.connections_api.sigv4 import Credentials, Payload, Signer
from tests.unit.adapters.aws.connections_api.signatures import signed_by_botocore

keys = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=40)
ids = st.text(min_size=1, max_size=40).filter(lambda text: text not in (".", ".."))


@given(
    connection_id=ids,
    stage=st.sampled_from(["", "/dev", "/ca-01_x"]),
    host=st.sampled_from(["a.execute-api.us-east-1.amazonaws.com", "127.0.0.1:8000"]),
    method=st.sampled_from(["POST", "GET", "DELETE"]),
    data=st.binary(max_size=200),
    credentials=st.builds(Credentials, keys, keys, st.none() | keys),
    region=st.sampled_from(["us-east-1", "sa-east-1"]),
    at_s=st.integers(0, 4_000_000_000),
)
def test_every_signature_equals_botocores(
    connection_id: str,
    stage: str,
    host: str,
    method: str,
    data: bytes,
    credentials: Credentials,
    region: str,
    at_s: int,
) -> None:
    path = f"{stage}/@connections/{quote(connection_id, safe='')}"
    signer = Signer(credentials, region=region, service="execute-api", host=host)

    headers = signer.headers(method, quote(path, safe="/~"), Payload.of(data), at_s=at_s)

    assert headers["Host"] == host
    assert headers.get("X-Amz-Security-Token") == credentials.token
    assert headers["Authorization"] == signed_by_botocore(
        f"https://{host}{path}", method, data, credentials, region, headers["X-Amz-Date"]
    )


def test_a_signature_has_its_second_and_day() -> None:
    signer = Signer(Credentials("id", "secret"), region="r", service="s", host="h")

    def date_and_scope(at_s: int) -> tuple[str, str]:
        headers = signer.headers("GET", "/", Payload.of(b""), at_s=at_s)
        scope = headers["Authorization"].partition("Credential=")[2].partition(",")[0]
        return headers["X-Amz-Date"], scope

    assert date_and_scope(1_763_510_399) == ("20251118T235959Z", "id/20251118/r/s/aws4_request")
    assert date_and_scope(1_763_510_400) == ("20251119T000000Z", "id/20251119/r/s/aws4_request")


def test_credentials_do_not_show_their_secrets() -> None:
    assert repr(Credentials("id", "secret", "token")) == "Credentials(access_key='id')"
