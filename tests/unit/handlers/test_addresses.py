"""The addresses that clients are told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerta_utec.handlers.addresses import FixedAddress, RequestedAddress
from alerta_utec.handlers.request import Request

ASKED = RequestedAddress("dev")


def request(host: str | None, proto: str | None = None, prefix: str | None = None) -> Request:
    """A request as the gateway passes it on."""
    headers = {"host": host, "x-forwarded-proto": proto, "x-forwarded-prefix": prefix}
    return Request({"headers": {name: value for name, value in headers.items() if value}})


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "alerta.utec.example", "[::1]:8000"])
def test_the_addresses_are_where_the_client_reached_the_service(host: str) -> None:
    secure, plain = request(host, "https", "/alerta"), request(host, "http")

    assert ASKED.panel_url(secure) == f"https://{host}/alerta"
    assert ASKED.web_socket_url(secure) == f"wss://{host}/alerta/dev"
    assert ASKED.panel_url(plain) == f"http://{host}"
    assert ASKED.web_socket_url(plain) == f"ws://{host}/dev"


def test_the_public_url_is_told_to_everyone() -> None:
    address = RequestedAddress("dev", "https://example.edu:8443/alerta")

    for asked in (request("127.0.0.1:8000"), request("a.example", "http", "/b"), request(None)):
        assert address.panel_url(asked) == "https://example.edu:8443/alerta"
        assert address.web_socket_url(asked) == "wss://example.edu:8443/alerta/dev"


def test_on_one_machine_the_panel_is_told_a_path_and_finds_the_rest_in_its_own_address() -> None:
    assert RequestedAddress("dev", "https://alerta.example.edu").web_socket_path == "dev"
    assert RequestedAddress("dev").web_socket_path == "dev"


def test_the_panel_may_open_sockets_where_it_is_by_either_scheme() -> None:
    address = RequestedAddress("dev", "https://example.edu/alerta")

    assert list(address.panel_sockets(request("127.0.0.1:8000"))) == [
        "wss://example.edu/alerta/dev",
        "ws://127.0.0.1:8000",
        "wss://127.0.0.1:8000",
    ]


def test_on_aws_the_panel_is_at_the_requested_host_and_the_sockets_at_their_own() -> None:
    address = FixedAddress("wss://b.example/dev")

    assert address.panel_url(request("a.example")) == "https://a.example"
    assert address.web_socket_url(request("a.example")) == "wss://b.example/dev"
    assert address.web_socket_path is None


@given(st.none() | st.text() | st.text("a[]:.1/?#@&<' \n", max_size=12))
def test_an_impossible_host_is_told_to_no_client(host: str | None) -> None:
    asked = request(host)

    assert ASKED.panel_url(asked) in (None, f"http://{host}")
    assert not set(ASKED.web_socket_url(asked)) & set("<>&\"' \n")
