"""The origins that may use the service."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerta_utec.domain.origins import Origins

HERE = "127.0.0.1:8000"


@pytest.mark.parametrize(
    ("origin", "host", "allowed"),
    [
        (None, HERE, True),
        (None, None, True),
        ("http://127.0.0.1:8000", HERE, True),
        ("http://localhost:3000", HERE, True),
        ("https://alerta.example.edu", "alerta.example.edu", True),
        ("http://alerta.example.edu:80", "alerta.example.edu", True),
        ("https://alerta.example.edu:8443", "alerta.example.edu:8443", True),
        ("https://malo.example", HERE, False),
        ("https://malo.example", "alerta.example.edu", False),
        ("http://localhost:3000", "alerta.example.edu", False),
        ("https://alerta.example.edu.malo.example", "alerta.example.edu", False),
        ("https://alerta.example.edu:8443", "alerta.example.edu", False),
        ("null", HERE, False),
        ("file://", HERE, False),
        ("", HERE, False),
        ("http://[", HERE, False),
        ("http://a:99999", HERE, False),
        ("http://127.0.0.1.malo.example:8000", HERE, False),
        ("http://malo.example:8000", None, False),
    ],
)
def test_the_services_own_pages_and_those_of_this_machine_are_allowed_without_a_list(
    origin: str | None, host: str | None, allowed: bool
) -> None:
    assert Origins().allow(origin, host) is allowed


def test_a_listed_origin_is_compared_exactly() -> None:
    origins = Origins(("https://panel.example.edu",))

    assert origins.allow("https://panel.example.edu", HERE)
    assert not origins.allow("https://panel.example.edu:444", HERE)
    assert not origins.allow("http://panel.example.edu", HERE)
    assert not origins.allow("http://127.0.0.1:8000", HERE)
    assert origins.allow(None, HERE)


@given(st.text(), st.text())
def test_a_star_allows_any_origin(origin: str, host: str) -> None:
    assert Origins(("*",)).allow(origin, host)
    assert Origins().allow(origin, host) in {True, False}
