"""Attacks on sign-in by an issuer's published keys, against the real server."""

import base64
import hashlib
import hmac
from collections.abc import Iterator

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.e2e.guarded import assert_refused, handshake_status
from tests.support.server import Server
from tests.support.sign_in import AUDIENCE, Issuer, bearer, claims, jwk, part

STRANGER = rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    """Yield the issuer of tokens for ``publishing``."""
    with Issuer() as publishing:
        yield publishing


@pytest.fixture(scope="module")
def publishing(tmp_path_factory: pytest.TempPathFactory, issuer: Issuer) -> Iterator[Server]:
    """Yield a server that accepts tokens signed by an issuer's published keys."""
    folder = tmp_path_factory.mktemp("publishing") / "data"
    with Server(folder, environment=issuer.environment) as running:
        yield running
        assert "Traceback" not in running.output


def test_a_token_signed_by_a_published_key_is_accepted(publishing: Server, issuer: Issuer) -> None:
    assert handshake_status(publishing, headers=bearer(issuer.token("rsa-1"))) == 101
    assert handshake_status(publishing, headers=bearer(issuer.token("ec-1"))) == 101


def test_a_token_signed_with_the_public_key_as_a_secret_is_refused(
    publishing: Server, issuer: Issuer
) -> None:
    for head in ({"alg": "HS256", "kid": "rsa-1"}, {"alg": "HS256", "kid": "ec-1"}):
        signed = f"{part(head)}.{part(claims(role='autoridad'))}"
        for key in (issuer.public_pem(head["kid"]), issuer.public_pem(head["kid"]).strip()):
            mac = hmac.new(key, signed.encode(), hashlib.sha256).digest()
            made = base64.urlsafe_b64encode(mac).rstrip(b"=").decode()
            assert_refused(publishing, f"{signed}.{made}")


def test_a_token_that_brings_its_own_key_is_refused(publishing: Server, issuer: Issuer) -> None:
    with Issuer() as mine:
        mine.keys["rsa-1"] = STRANGER
        for extra in (
            {"jwk": jwk(STRANGER)},
            {"jku": mine.url},
            {"x5u": mine.url, "kid": mine.url},
            {"kid": "no such"},
            {"kid": "'; DROP TABLE keys; --"},
        ):
            assert_refused(publishing, mine.token(headers=extra, role="autoridad"))

        assert mine.asked == 0


@pytest.mark.parametrize("algorithm", ["RS384", "RS512", "PS256"])
def test_a_token_of_another_algorithm_is_refused(
    publishing: Server, issuer: Issuer, algorithm: str
) -> None:
    made = jwt.encode(claims(), issuer.keys["rsa-1"], algorithm, headers={"kid": "rsa-1"})

    assert_refused(publishing, made)


def test_a_token_for_another_audience_is_refused(publishing: Server, issuer: Issuer) -> None:
    assert_refused(publishing, issuer.token(aud=f"{AUDIENCE}-otro"))
