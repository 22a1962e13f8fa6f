"""Handshakes."""

from urllib.parse import urlsplit

import pytest
from websockets.exceptions import InvalidStatus

from tests.conformance.targets import Target
from tests.support.wsclient import WsClient


def test_the_services_own_page_may_open_a_socket(target: Target) -> None:
    parts = urlsplit(target.http_url)

    with target.connect(headers={"Origin": f"{parts.scheme}://{parts.netloc}"}) as client:
        pong = client.ping()

    assert pong["type"] == "pong"


def test_a_handshake_is_answered_with_101(target: Target) -> None:
    with target.connect() as client:
        response = client.connection.response

    assert response is not None
    assert response.status_code == 101


def test_a_query_string_and_unknown_headers_do_not_matter(target: Target) -> None:
    with target.connect("lang=es&x=1", headers={"X-Unknown": "1"}) as client:
        pong = client.ping()

    assert pong["type"] == "pong"


@pytest.mark.parametrize(
    ("offered", "selected"),
    [
        (["alerta.v1"], "alerta.v1"),
        (["otro.v2", "alerta.v1"], "alerta.v1"),
        (["alerta.v1", "alerta.v2"], "alerta.v2"),
    ],
)
def test_the_newest_of_our_subprotocols_is_selected_where_it_is_offered(
    target: Target, offered: list[str], selected: str
) -> None:
    with target.connect(subprotocols=offered) as client:
        assert client.connection.subprotocol == selected
        assert client.ping()["type"] == "pong"


def test_no_other_subprotocol_is_selected(target: Target) -> None:
    with target.connect(subprotocols=["otro.v2"]) as client:
        assert client.connection.subprotocol is None


def test_a_stage_that_does_not_exist_is_refused(target: Target) -> None:
    url = f"{target.ws_url.rsplit('/', 1)[0]}/nostage"

    if target.differs("any_stage"):
        with target.connect(url=url) as client:
            assert client.ping()["type"] == "pong"
        return
    with pytest.raises(InvalidStatus) as refused:
        WsClient(url)

    assert refused.value.response.status_code == 403


def test_a_path_below_the_stage_is_refused(target: Target) -> None:
    url = f"{target.ws_url}/more"

    if target.differs("any_stage"):
        with target.connect(url=url) as client:
            assert client.ping()["type"] == "pong"
        return
    with pytest.raises(InvalidStatus) as refused:
        WsClient(url)

    assert refused.value.response.status_code == 403


def test_each_connection_has_an_id_of_its_own(target: Target) -> None:
    with target.connect() as one, target.connect() as other:
        ids = {one.ping()["connectionId"], other.ping()["connectionId"]}

    assert len(ids) == 2
