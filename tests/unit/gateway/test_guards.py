"""The gateway's guards: sockets per address, allowed origins, and TLS."""

import datetime
import http.client
import ipaddress
import json
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID
from websockets.sync.client import connect

from alerta_utec.adapters.clock import SystemClock
from alerta_utec.domain.change import Position
from alerta_utec.domain.origins import Origins
from alerta_utec.gateway.core import Gateway, Route
from alerta_utec.gateway.hub import Hub
from alerta_utec.ports.connections import Connection
from tests.contract.builders import T0, creation
from tests.unit.gateway.running import Recorder, gateway

HTTP = {"http": Recorder({"statusCode": 200, "body": "{}"}), "http_routes": ("GET /incidents",)}


def test_one_address_has_so_many_sockets_and_this_machine_any_number() -> None:
    made = Gateway({}, stage="dev", hub=Hub(SystemClock()), max_per_address=2)

    entered = [made.admit("203.0.113.7") for _ in range(3)]
    made.release("203.0.113.7")

    assert entered == [True, True, False]
    assert made.admit("203.0.113.7")
    assert made.admit("203.0.113.8")
    assert all(made.admit("127.0.0.1") for _ in range(10))


def ask(port: int, method: str, **headers: str) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(method, "/incidents", headers=headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer


@pytest.mark.parametrize(
    ("origin", "allowed"), [("http://localhost:3000", True), ("https://malo.example", False)]
)
def test_only_pages_of_allowed_origins_may_read_answers(origin: str, allowed: bool) -> None:
    with gateway({}, origins=Origins(), **HTTP) as running:  # type: ignore[arg-type]
        answer = ask(running.port, "GET", Origin=origin)
        preflight = ask(running.port, "OPTIONS", Origin=origin)

    expected = origin if allowed else None
    assert answer.getheader("Access-Control-Allow-Origin") == expected
    assert preflight.getheader("Access-Control-Allow-Origin") == expected
    assert preflight.status == (204 if allowed else 404)


def test_sockets_and_requests_go_through_tls(tmp_path: Path) -> None:
    certificate = self_signed(tmp_path)
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    server.load_cert_chain(certificate)
    client.load_verify_locations(certificate)
    echo = Route(Recorder({"statusCode": 200, "body": "sí"}), two_way=True)

    with (
        gateway({"$default": echo}, tls=server) as running,
        connect(running.ws_url.replace("ws:", "wss:"), ssl=client) as socket,
    ):
        socket.send("hola")
        answer = socket.recv(timeout=10)
        [opened] = running.hub.sockets.all()
        in_an_hour = SystemClock().now() + datetime.timedelta(hours=1)
        running.hub.connections.save(Connection(opened.client.connection_id, T0, in_an_hour))
        [posted] = running.hub.subscribers.broadcast([creation().committed(Position("e", 7))])

        assert answer == "sí"
        assert posted.delivered == 1
        assert json.loads(socket.recv(timeout=10))["position"] == "e:7"


def self_signed(folder: Path) -> Path:
    """Write a certificate for 127.0.0.1 and its key to one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(made.public_bytes(Encoding.PEM) + secret)
    return path
