"""The names by which clients may call a service that asks for no token."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerta_utec.domain.hosts import Hosts

NAMED = Hosts.of(("https://Alerta.example.edu:8443/alerta", "http://panel.example.edu", "campus"))


@pytest.mark.parametrize(
    "host",
    [
        None,
        "",
        "localhost",
        "LocalHost:8000",
        "localhost.:8000",
        "a.localhost",
        "127.0.0.1",
        "127.0.0.1:8000",
        "[::1]:8000",
        "192.168.1.20:8000",
        "[2001:db8::1]",
        "alerta.example.edu",
        "ALERTA.example.edu.:443",
        "panel.example.edu:1",
        "campus:8000",
    ],
)
def test_this_machine_any_address_and_the_named_hosts_are_answered(host: str | None) -> None:
    assert NAMED.allow(host)


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8000",
        "alerta.example.edu.evil.example",
        "evil-alerta.example.edu",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "127.0.0.1@evil.example",
        "evil.example:99999",
        "[evil",
        "..",
        "*",
    ],
)
def test_any_other_name_is_not(host: str) -> None:
    assert not NAMED.allow(host)
    assert not Hosts().allow(host)


@given(st.text())
def test_no_text_breaks_it(host: str) -> None:
    assert NAMED.allow(host) in {True, False}
