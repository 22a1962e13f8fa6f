"""Accepted tokens, and every known attack."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from alerta_utec.adapters.jwt_tokens import (
    TOKEN_MAX_CHARS,
    JwtAuthenticator,
    JwtSettings,
    development_token,
)
from alerta_utec.domain.errors import Unauthorized, Unavailable
from alerta_utec.domain.policy import Identity, Role
from alerta_utec.domain.roles import RoleRules
from tests.support.loopback import LoopbackServer, QuietHandler

SECRET = "s" * 32
ISSUER, AUDIENCE = "https://ingreso.example.edu", "alerta"
SETTINGS = JwtSettings(secret=SECRET, issuer=ISSUER, audience=AUDIENCE)
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())


# Far enough for values that are made when the tests are collected.
DAY_S = 86_400


def in_s(seconds: float) -> int:
    return int((datetime.now(UTC) + timedelta(seconds=seconds)).timestamp())


def claims(**changes: Any) -> dict[str, Any]:
    made = {"sub": "rosa", "role": "personal", "iss": ISSUER, "aud": AUDIENCE, "exp": in_s(600)}
    return {name: value for name, value in (made | changes).items() if value is not None}


def token(key: Any = SECRET, algorithm: str = "HS256", *, kid: str = "k1", **changes: Any) -> str:
    return jwt.encode(claims(**changes), key, algorithm=algorithm, headers={"kid": kid})


def test_a_token_gives_the_identity_and_its_end() -> None:
    end = in_s(600)

    signed = JwtAuthenticator(SETTINGS).authenticate(token(exp=end))

    assert signed.identity == Identity("rosa", Role.PERSONAL)
    assert signed.expires_at == datetime.fromtimestamp(end + SETTINGS.leeway_s, UTC)


@pytest.mark.parametrize(
    ("role", "taken"),
    [
        ("autoridad", Role.AUTORIDAD),
        (["estudiante", "personal"], Role.PERSONAL),
        (["autoridad", "estudiante"], Role.AUTORIDAD),
        (None, Role.ESTUDIANTE),
        ("rector", Role.ESTUDIANTE),
        ("AUTORIDAD", Role.ESTUDIANTE),
        ({"autoridad": True}, Role.ESTUDIANTE),
        ([["autoridad"]], Role.ESTUDIANTE),
    ],
)
def test_the_role_is_the_highest_of_those_spelled_exactly(role: Any, taken: Role) -> None:
    assert JwtAuthenticator(SETTINGS).authenticate(token(role=role)).identity.role is taken


def test_the_claim_with_the_role_may_have_another_name() -> None:
    settings = JwtSettings(secret=SECRET, roles=RoleRules(claim="https://utec/roles"))
    made = jwt.encode({"sub": "a", "exp": in_s(60), "https://utec/roles": ["personal"]}, SECRET)

    assert JwtAuthenticator(settings).authenticate(made).identity.role is Role.PERSONAL


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("realm_access.roles", Role.PERSONAL),
        ("resource_access.alerta.roles", Role.AUTORIDAD),
        ("cognito:groups", Role.PERSONAL),
        ("realm_access.roles.personal", Role.ESTUDIANTE),
        ("realm_access", Role.ESTUDIANTE),
        ("", Role.ESTUDIANTE),
    ],
)
def test_the_role_claim_may_be_a_dotted_path(path: str, found: Role) -> None:
    settings = JwtSettings(secret=SECRET, roles=RoleRules(claim=path))
    keycloak = {
        "realm_access": {"roles": ["offline_access", "personal"]},
        "resource_access": {"alerta": {"roles": ["autoridad"]}},
        "cognito:groups": ["personal"],
    }
    made = jwt.encode({"sub": "a", "exp": in_s(60)} | keycloak, SECRET)

    assert JwtAuthenticator(settings).authenticate(made).identity.role is found


def test_a_token_without_the_role_claim_is_logged_with_the_names_it_has(
    caplog: pytest.LogCaptureFixture,
) -> None:
    authenticator = JwtAuthenticator(JwtSettings(secret=SECRET, roles=RoleRules(claim="roles")))

    for _ in range(3):
        authenticator.authenticate(jwt.encode({"sub": "rosa", "exp": in_s(60)}, SECRET))

    (record,) = caplog.records
    assert record.getMessage() == "token_without_role"
    assert vars(record)["role_claim"] == "roles"
    assert vars(record)["claims"] == ["exp", "sub"]
    assert "rosa" not in caplog.text


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": in_s(-60)},
        {"exp": None},
        {"exp": "mañana"},
        {"exp": 253370764801},
        {"exp": 10**30},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"sub": "x" * 201},
        {"sub": "rosa\x1b[31m"},
        {"aud": "otra"},
        {"aud": None},
        {"iss": "https://otro.example"},
        {"iss": None},
        {"nbf": in_s(DAY_S)},
        {"iat": in_s(DAY_S)},
    ],
)
def test_a_token_with_invalid_claims_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(Unauthorized):
        JwtAuthenticator(SETTINGS).authenticate(token(**changes))


def test_the_clocks_may_differ_by_the_leeway() -> None:
    authenticator = JwtAuthenticator(SETTINGS)

    authenticator.authenticate(token(exp=in_s(-SETTINGS.leeway_s + 5)))
    with pytest.raises(Unauthorized):
        authenticator.authenticate(token(exp=in_s(-SETTINGS.leeway_s - 5)))


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE", ""])
@pytest.mark.parametrize("signature", ["", "AAAA"])
def test_a_token_without_a_signature_is_refused(algorithm: str, signature: str) -> None:
    forged = f"{part({'alg': algorithm, 'typ': 'JWT'})}.{part(claims())}.{signature}"

    with pytest.raises(Unauthorized):
        JwtAuthenticator(SETTINGS).authenticate(forged)
    with jwks([RSA_KEY]) as url, pytest.raises(Unauthorized):
        JwtAuthenticator(published(url)).authenticate(forged)


@pytest.mark.parametrize("made", [None, "", "x", "a.b.c", "a.b", "..", "ñ.ñ.ñ", "\x00", "a" * 5000])
def test_a_malformed_token_is_refused(made: str | None) -> None:
    with pytest.raises(Unauthorized):
        JwtAuthenticator(SETTINGS).authenticate(made)


def test_a_token_that_is_too_long_is_refused() -> None:
    authenticator = JwtAuthenticator(JwtSettings(secret=SECRET))
    empty = len(jwt.encode({"sub": "a", "exp": in_s(60), "x": ""}, SECRET))
    fits = jwt.encode({"sub": "a", "exp": in_s(60), "x": "x" * ((4000 - empty) * 3 // 4)}, SECRET)

    authenticator.authenticate(fits)
    with pytest.raises(Unauthorized):
        authenticator.authenticate(fits + "A" * (TOKEN_MAX_CHARS - len(fits) + 1))


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
def test_a_secret_admits_one_algorithm_only(algorithm: str) -> None:
    key = "s" * 64
    with pytest.raises(Unauthorized):
        JwtAuthenticator(JwtSettings(secret=key)).authenticate(token(key, algorithm))


def test_a_token_of_another_secret_is_refused() -> None:
    with pytest.raises(Unauthorized):
        JwtAuthenticator(SETTINGS).authenticate(token("t" * 32))


def test_a_changed_token_is_refused() -> None:
    head, _, signature = token().split(".")

    with pytest.raises(Unauthorized):
        JwtAuthenticator(SETTINGS).authenticate(
            f"{head}.{part(claims(role='autoridad'))}.{signature}"
        )


# Published keys


class Keys:
    """An issuer's published keys, and the number of fetches."""

    def __init__(self, keys: list[Any]) -> None:
        self.keys = {f"k{number}": key for number, key in enumerate(keys, start=1)}
        self.asked = 0
        self.status = 200

    def document(self) -> bytes:
        made = []
        for kid, key in self.keys.items():
            elliptic = isinstance(key, ec.EllipticCurvePrivateKey)
            algorithm = jwt.algorithms.ECAlgorithm if elliptic else jwt.algorithms.RSAAlgorithm
            jwk = algorithm.to_jwk(key.public_key(), as_dict=True)
            made.append(dict(jwk) | {"kid": kid, "use": "sig"})
        return json.dumps({"keys": made}).encode()


@contextmanager
def serving(published_keys: Keys) -> Iterator[str]:
    class Handler(QuietHandler):
        def do_GET(self) -> None:
            published_keys.asked += 1
            self.send_response(published_keys.status)
            self.end_headers()
            self.wfile.write(published_keys.document())

    with LoopbackServer(Handler) as server:
        yield f"{server.url}/keys"


@contextmanager
def jwks(keys: list[Any]) -> Iterator[str]:
    with serving(Keys(keys)) as url:
        yield url


def published(url: str) -> JwtSettings:
    return JwtSettings(jwks_url=url, issuer=ISSUER, audience=AUDIENCE)


def test_published_keys_verify_rs256_and_es256() -> None:
    with jwks([RSA_KEY, EC_KEY]) as url:
        authenticator = JwtAuthenticator(published(url))

        first = authenticator.authenticate(token(RSA_KEY, "RS256", kid="k1"))
        second = authenticator.authenticate(token(EC_KEY, "ES256", kid="k2"))

    assert first.identity == second.identity == Identity("rosa", Role.PERSONAL)


def test_keys_are_fetched_once_also_for_many_unknown_key_ids() -> None:
    keys = Keys([RSA_KEY])
    with serving(keys) as url:
        authenticator = JwtAuthenticator(published(url))
        for _ in range(5):
            authenticator.authenticate(token(RSA_KEY, "RS256"))
        for number in range(20):
            with pytest.raises(Unauthorized):
                authenticator.authenticate(token(RSA_KEY, "RS256", kid=f"otra-{number}"))

    assert keys.asked <= 2


def test_a_token_of_another_issuers_key_is_refused() -> None:
    with jwks([RSA_KEY]) as url, pytest.raises(Unauthorized):
        JwtAuthenticator(published(url)).authenticate(token(OTHER_RSA_KEY, "RS256"))


def test_a_public_key_is_not_taken_for_a_secret() -> None:
    """RS/HS confusion: the public key used as an HMAC secret."""
    public = RSA_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    signed = f"{part({'alg': 'HS256', 'typ': 'JWT', 'kid': 'k1'})}.{part(claims())}"
    mac = hmac.new(public, signed.encode(), hashlib.sha256).digest()
    forged = f"{signed}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"

    with jwks([RSA_KEY]) as url, pytest.raises(Unauthorized):
        JwtAuthenticator(published(url)).authenticate(forged)


def test_a_key_within_the_token_is_ignored() -> None:
    jwk = jwt.algorithms.RSAAlgorithm.to_jwk(OTHER_RSA_KEY.public_key(), as_dict=True)
    for extra in ({"jwk": jwk}, {"jku": "http://127.0.0.1:1/keys"}, {"x5u": "http://127.0.0.1:1"}):
        forged = jwt.encode(claims(), OTHER_RSA_KEY, "RS256", headers={"kid": "k1", **extra})

        with jwks([RSA_KEY]) as url, pytest.raises(Unauthorized):
            JwtAuthenticator(published(url)).authenticate(forged)


def test_keys_that_cannot_be_fetched_are_unavailable() -> None:
    with jwks([RSA_KEY]) as url:
        pass

    with pytest.raises(Unavailable):
        JwtAuthenticator(published(url)).authenticate(token(RSA_KEY, "RS256"))


# Settings


@pytest.mark.parametrize(
    "settings",
    [
        JwtSettings(),
        JwtSettings(secret=SECRET, jwks_url="https://x.example"),
        JwtSettings(secret="s" * 31),
        JwtSettings(jwks_url="http://x.example/keys"),
        JwtSettings(jwks_url="file:///etc/passwd"),
        JwtSettings(jwks_url="https://"),
    ],
)
def test_unsafe_settings_are_refused_at_the_start(settings: JwtSettings) -> None:
    with pytest.raises(ValueError, match="AUTH"):
        JwtAuthenticator(settings)


def test_a_development_token_is_valid() -> None:
    made = development_token(
        SETTINGS,
        user="jefa",
        role=Role.AUTORIDAD,
        lasts=timedelta(hours=1),
        now=datetime.now(UTC),
    )

    assert JwtAuthenticator(SETTINGS).authenticate(made).identity == Identity(
        "jefa", Role.AUTORIDAD
    )
    with pytest.raises(ValueError, match="AUTH_SECRET"):
        development_token(
            published("https://x.example"),
            user="a",
            role=Role.PERSONAL,
            lasts=timedelta(hours=1),
            now=datetime.now(UTC),
        )
