"""Valid and forged tokens for tests, and an issuer that publishes its keys."""

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.support.incidents import unique
from tests.support.loopback import LoopbackServer, QuietHandler

SECRET = "un secreto de prueba, bastante largo"
ISSUER, AUDIENCE = "https://ingreso.example.edu/", "alerta-utec"
Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

# The environment of a server that requires tokens.
WITH_SECRET: Mapping[str, str] = {
    "ALERTA_AUTH": "jwt",
    "ALERTA_AUTH_SECRET": SECRET,
    "ALERTA_AUTH_ISSUER": ISSUER,
    "ALERTA_AUTH_AUDIENCE": AUDIENCE,
}


def now_s() -> int:
    """Return the time of day in epoch seconds."""
    return int(datetime.now(UTC).timestamp())


def claims(**changes: Any) -> dict[str, Any]:
    """Return the claims of a valid token; a change to ``None`` leaves the claim out."""
    made = {"sub": "rosa", "role": "personal", "iss": ISSUER, "aud": AUDIENCE}
    # Some are made when the tests are collected, long before the last test runs.
    made |= {"exp": now_s() + 86_400} | changes
    return {name: value for name, value in made.items() if value is not None}


def token(role: Any = "personal", *, sub: str | None = None, **changes: Any) -> str:
    """Return a token signed by the secret; by default of a person whom no limit knows."""
    sub = unique("rosa") if sub is None else sub
    return jwt.encode(claims(role=role, sub=sub, **changes), SECRET, algorithm="HS256")


def bearer(made: str) -> dict[str, str]:
    """Return the header that carries a token."""
    return {"Authorization": f"Bearer {made}"}


def part(value: object) -> str:
    """Return one part of a token, encoded by hand."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


class Issuer(LoopbackServer):
    """``with Issuer() as issuer:`` — a server on loopback that publishes its keys at ``url``.

    ``keys`` by their id; ``asked`` counts requests.
    """

    def __init__(self) -> None:
        self.asked = 0
        self.keys: dict[str, Key] = {
            "rsa-1": rsa.generate_private_key(public_exponent=65537, key_size=2048),
            "ec-1": ec.generate_private_key(ec.SECP256R1()),
        }
        super().__init__(self._handler())

    @property
    def url(self) -> str:
        """Return the URL of the keys."""
        return f"{super().url}/jwks.json"

    @property
    def environment(self) -> dict[str, str]:
        """Return the environment of a server that trusts this issuer."""
        return {
            "ALERTA_AUTH": "jwt",
            "ALERTA_AUTH_JWKS_URL": self.url,
            "ALERTA_AUTH_ISSUER": ISSUER,
            "ALERTA_AUTH_AUDIENCE": AUDIENCE,
        }

    def token(self, kid: str = "rsa-1", *, headers: dict[str, Any] | None = None, **c: Any) -> str:
        """Return a token signed by one of the keys."""
        key = self.keys[kid]
        algorithm = "RS256" if isinstance(key, rsa.RSAPrivateKey) else "ES256"
        return jwt.encode(claims(**c), key, algorithm, headers={"kid": kid, **(headers or {})})

    def public_pem(self, kid: str = "rsa-1") -> bytes:
        """Return a public key as PEM."""
        return (
            self.keys[kid]
            .public_key()
            .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        )

    def _document(self) -> bytes:
        made = [jwk(key) | {"kid": kid, "use": "sig"} for kid, key in self.keys.items()]
        return json.dumps({"keys": made}).encode()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        issuer = self

        class Handler(QuietHandler):
            def do_GET(self) -> None:
                issuer.asked += 1
                self.send_response(200)
                self.end_headers()
                self.wfile.write(issuer._document())

        return Handler


def jwk(key: Key) -> dict[str, Any]:
    """Return the public half of a key, as issuers publish it (RFC 7517)."""
    elliptic = isinstance(key, ec.EllipticCurvePrivateKey)
    algorithm = jwt.algorithms.ECAlgorithm if elliptic else jwt.algorithms.RSAAlgorithm
    return dict(algorithm.to_jwk(key.public_key(), as_dict=True))  # type: ignore[arg-type]
