"""An issuer's published keys during its outages, malformed answers and floods of tokens."""

import json
import threading
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from alerta_utec.adapters.published_keys import (
    COOLDOWN_S,
    DOCUMENT_MAX_BYTES,
    KEPT_MAX_S,
    REFRESH_AFTER_S,
    WAITING_MAX,
    PublishedKeys,
    fetch_document,
    parse_keys,
)
from alerta_utec.domain.errors import Unauthorized, Unavailable
from tests.support.eventually import eventually
from tests.support.loopback import LoopbackServer, QuietHandler

RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())
URL = "https://ingreso.example.edu/keys"


def listed(key: Any, **fields: Any) -> dict[str, Any]:
    elliptic = isinstance(key, ec.EllipticCurvePrivateKey)
    algorithm = jwt.algorithms.ECAlgorithm if elliptic else jwt.algorithms.RSAAlgorithm
    return dict(algorithm.to_jwk(key.public_key(), as_dict=True)) | fields


def document(*keys: dict[str, Any]) -> bytes:
    return json.dumps({"keys": keys}).encode()


class Issuer:
    """The answer of the address, a document or an error, and the number of fetches."""

    def __init__(self, answer: bytes) -> None:
        self.answer: bytes | None = answer
        self.asked = 0
        self.released: threading.Event | None = None

    def fetch(self, url: str) -> bytes:
        assert url == URL
        self.asked += 1
        if self.released is not None:
            assert self.released.wait(10)
        if self.answer is None:
            raise Unavailable("down")
        return self.answer


class Clock:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def monotonic(self) -> float:
        return self.now_s


def keys_of(issuer: Issuer, clock: Clock) -> PublishedKeys:
    return PublishedKeys(URL, fetch=issuer.fetch, monotonic=clock.monotonic)


def test_a_known_key_is_returned_while_the_issuer_is_down_for_the_stated_time() -> None:
    issuer, clock = Issuer(document(listed(RSA_KEY, kid="k1"))), Clock()
    keys = keys_of(issuer, clock)
    keys.candidates("k1", "RS256")
    issuer.answer = None

    clock.now_s += KEPT_MAX_S
    assert keys.candidates("k1", "RS256")

    clock.now_s += 1
    with pytest.raises(Unavailable):
        keys.candidates("k1", "RS256")


def test_a_known_key_does_not_wait_for_an_issuer_that_hangs() -> None:
    issuer, clock = Issuer(document(listed(RSA_KEY, kid="k1"))), Clock()
    keys = keys_of(issuer, clock)
    keys.candidates("k1", "RS256")
    issuer.released = threading.Event()
    clock.now_s += REFRESH_AFTER_S + 1

    for _ in range(50):
        assert keys.candidates("k1", "RS256")

    eventually(lambda: issuer.asked == 2)
    issuer.released.set()
    assert issuer.asked == 2


def test_a_refresh_replaces_the_old_keys_by_the_new_ones() -> None:
    issuer, clock = Issuer(document(listed(RSA_KEY, kid="k1"))), Clock()
    keys = keys_of(issuer, clock)
    keys.candidates("k1", "RS256")
    issuer.answer = document(listed(EC_KEY, kid="k2"))
    clock.now_s += REFRESH_AFTER_S + 1

    keys.candidates("k1", "RS256")

    eventually(lambda: bool(keys._known and keys._known.fetched_at_s == clock.now_s))
    assert keys.candidates("k2", "ES256")
    with pytest.raises(Unauthorized):
        keys.candidates("k1", "RS256")


def test_a_flood_of_unknown_key_ids_fetches_once_in_a_cooldown() -> None:
    issuer, clock = Issuer(document(listed(RSA_KEY, kid="k1"))), Clock()
    keys = keys_of(issuer, clock)

    for number in range(100):
        with pytest.raises(Unauthorized):
            keys.candidates(f"junk-{number}", "RS256")
    assert issuer.asked == 1

    clock.now_s += COOLDOWN_S
    with pytest.raises(Unauthorized):
        keys.candidates("junk", "RS256")
    assert issuer.asked == 2


def test_only_a_few_callers_wait_for_an_issuer_that_hangs() -> None:
    issuer, clock = Issuer(document(listed(RSA_KEY, kid="k1"))), Clock()
    issuer.released = threading.Event()
    keys = keys_of(issuer, clock)
    outcomes: list[str] = []

    def ask() -> None:
        try:
            keys.candidates("k1", "RS256")
            outcomes.append("key")
        except Unavailable:
            outcomes.append("unavailable")

    threads = [threading.Thread(target=ask) for _ in range(48)]
    for thread in threads:
        thread.start()
    eventually(lambda: len(outcomes) == 48 - WAITING_MAX)
    refused_meanwhile = list(outcomes)
    issuer.released.set()
    for thread in threads:
        thread.join(10)

    assert set(refused_meanwhile) == {"unavailable"}
    assert outcomes.count("key") == WAITING_MAX
    assert issuer.asked == 1


def test_an_unknown_key_is_unavailable_while_the_issuer_is_down() -> None:
    issuer, clock = Issuer(document(listed(RSA_KEY, kid="k1"))), Clock()
    keys = keys_of(issuer, clock)
    keys.candidates("k1", "RS256")
    issuer.answer = None
    clock.now_s += COOLDOWN_S

    with pytest.raises(Unavailable):
        keys.candidates("k2", "RS256")
    assert keys.candidates("k1", "RS256")


@pytest.mark.parametrize(
    "answer",
    [
        b"<!doctype html><title>Iniciar sesi\xc3\xb3n</title>",
        b"",
        b"\xff",
        b"[]",
        b"null",
        b'"keys"',
        b'{"keys": {}}',
        b'{"keys": []}',
        b'{"keys": [null, 7, {}, {"kty": "oct", "k": "AAAA"}]}',
        document(listed(RSA_KEY, kid="k1", use="enc")),
        document(listed(RSA_KEY, kid="k1", alg="RS512")),
        document(listed(ec.generate_private_key(ec.SECP384R1()), kid="k1")),
    ],
)
def test_a_document_without_usable_keys_is_unavailable(answer: bytes) -> None:
    with pytest.raises(Unavailable):
        keys_of(Issuer(answer), Clock()).candidates("k1", "RS256")


def test_an_unusable_key_does_not_affect_the_others() -> None:
    found = parse_keys(document({"kty": "RSA", "n": "!"}, listed(EC_KEY, kid="k2"), {"kty": "?"}))

    assert [key.key_id for key in found] == ["k2"]


@pytest.mark.parametrize("token_kid", [None, "k1"])
@pytest.mark.parametrize("key_kid", [None, "k1"])
def test_token_and_key_set_may_leave_the_key_id_out(
    token_kid: str | None, key_kid: str | None
) -> None:
    named = {"kid": key_kid} if key_kid else {}
    issuer = Issuer(document(listed(RSA_KEY, **named), listed(EC_KEY, **named)))

    found = keys_of(issuer, Clock()).candidates(token_kid, "ES256")

    assert [key.algorithm_name for key in found] == ["ES256"]


class Answers(QuietHandler):
    """An answer with the status or document that its path names."""

    def do_GET(self) -> None:
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/keys")
            self.end_headers()
            return
        self.send_response(500 if self.path == "/failing" else 200)
        self.end_headers()
        size = DOCUMENT_MAX_BYTES + 1 if self.path == "/long" else 2
        self.wfile.write(b"x" * size)


@pytest.mark.parametrize("path", ["/moved", "/failing", "/long"])
def test_an_unusable_document_is_unavailable(path: str) -> None:
    with LoopbackServer(Answers) as server, pytest.raises(Unavailable):
        fetch_document(server.url + path)


def test_a_document_is_fetched_whole() -> None:
    with LoopbackServer(Answers) as server:
        assert fetch_document(f"{server.url}/keys") == b"xx"
