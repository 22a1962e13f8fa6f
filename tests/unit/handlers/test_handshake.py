"""Reading a client's handshake."""

from typing import Any

import pytest

from alerta_utec.domain.errors import InvalidRequest, Unauthorized
from alerta_utec.domain.filters import EVERYTHING, Filter
from alerta_utec.handlers.handshake import read_handshake


def event(*, headers: dict[str, str] | None = None, **query: list[str]) -> dict[str, Any]:
    made: dict[str, Any] = {"headers": {"Host": "x", **(headers or {})}}
    if query:
        made["multiValueQueryStringParameters"] = query
    return made


def test_a_plain_handshake_has_no_token_and_no_filter() -> None:
    handshake = read_handshake(event())

    assert handshake.token is None
    assert handshake.filter is EVERYTHING
    assert handshake.subprotocol is None


@pytest.mark.parametrize(
    "made",
    [
        event(headers={"Authorization": "Bearer t.o.k"}),
        event(headers={"authorization": "bearer t.o.k"}),
        event(token=["t.o.k"]),
        event(headers={"Sec-WebSocket-Protocol": "alerta.v1, bearer.t.o.k"}),
    ],
)
def test_the_token_is_read_from_any_of_three_places(made: dict[str, Any]) -> None:
    assert read_handshake(made).token == "t.o.k"


@pytest.mark.parametrize(
    "made",
    [
        event(headers={"Authorization": "Bearer a"}, token=["a"]),
        event(token=["a", "a"]),
        event(headers={"Authorization": "Bearer a", "Sec-WebSocket-Protocol": "bearer.a"}),
        event(headers={"Sec-WebSocket-Protocol": "bearer.a, alerta.v1, bearer.b"}),
        event() | {"multiValueHeaders": {"Authorization": ["Bearer a", "Bearer b"]}},
        event()
        | {"multiValueHeaders": {"authorization": ["Bearer a"], "AUTHORIZATION": ["Bearer b"]}},
    ],
)
def test_several_tokens_are_refused(made: dict[str, Any]) -> None:
    with pytest.raises(Unauthorized):
        read_handshake(made)


@pytest.mark.parametrize("value", ["Basic YTpi", "Bearer", "Bearer  ", "", "Negotiate x y"])
def test_another_authorization_scheme_is_ignored(value: str) -> None:
    alone = read_handshake(event(headers={"Authorization": value}))
    beside = read_handshake(event(headers={"Authorization": value}, token=["t.o.k"]))

    assert alone.token is None
    assert beside.token == "t.o.k"


def test_subprotocols_may_be_offered_in_several_headers() -> None:
    offers = {"multiValueHeaders": {"Sec-WebSocket-Protocol": ["bearer.t.o.k", "alerta.v1"]}}

    handshake = read_handshake(event() | offers)

    assert handshake.token == "t.o.k"
    assert handshake.subprotocol == "alerta.v1"


@pytest.mark.parametrize(
    ("offered", "selected"),
    [
        ("alerta.v2, alerta.v1", "alerta.v2"),
        ("alerta.v1, alerta.v2", "alerta.v2"),
        ("alerta.v2", "alerta.v2"),
        ("bearer.a, otro, alerta.v1", "alerta.v1"),
        ("bearer.a, otro", None),
        ("alerta.v3, ALERTA.V2, alerta.v", None),
    ],
)
def test_the_newest_of_our_subprotocols_is_selected_and_no_other(
    offered: str, selected: str | None
) -> None:
    handshake = read_handshake(event(headers={"Sec-WebSocket-Protocol": offered}))

    assert handshake.subprotocol == selected


def test_filters_are_read_from_the_query_string() -> None:
    handshake = read_handshake(
        event(urgency=["high,media"], location=["Lab A, piso 2", "Cocina"], lang=["en"])
    )

    assert handshake.filter == Filter(
        urgency=frozenset({"high", "medium"}),
        location=frozenset({"lab a, piso 2", "cocina"}),
    )


def test_a_malformed_filter_is_refused() -> None:
    with pytest.raises(InvalidRequest):
        read_handshake(event(urgency=["urgente"]))


@pytest.mark.parametrize(
    ("made", "lang"),
    [
        (event(), "es"),
        (event(headers={"Accept-Language": "en-US,en;q=0.9"}), "en"),
        ({**event(), "queryStringParameters": {"lang": "en"}}, "en"),
        (
            {
                **event(headers={"Accept-Language": "en"}),
                "queryStringParameters": {"lang": "es"},
            },
            "es",
        ),
    ],
)
def test_the_language_is_read_from_the_query_string_or_the_header(
    made: dict[str, Any], lang: str
) -> None:
    assert read_handshake(made).lang == lang
