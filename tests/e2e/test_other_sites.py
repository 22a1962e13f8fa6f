"""Web pages of other sites, rebound names and forged proxies, against the real server."""

import json
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.conformance.targets import Answer, http_request
from tests.e2e.guarded import handshake_status
from tests.e2e.raw import RawSocket
from tests.support.incidents import incident
from tests.support.server import Server
from tests.support.sign_in import bearer, token
from tests.support.wsclient import WsClient

EVIL = "evil.example:8000"
PUBLIC = "https://alerta.example.edu:8443/alerta"


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server behind a proxy on this machine that it trusts, with its public URL."""
    options = ("--public-url", PUBLIC, "--trusted-proxy", "127.0.0.1", "--max-per-address", "2")
    origins = ("--origin", "https://mapa.example.edu")
    folder = tmp_path_factory.mktemp("published") / "data"
    with Server(folder, options=(*options, *origins)) as running:
        yield running


def report(server: Server, headers: dict[str, str], body: bytes | None = None) -> Answer:
    """The answer to a report."""
    sent = json.dumps(incident()).encode() if body is None else body
    return http_request("POST", f"{server.http_url}/incidents", sent, headers)


def written(server: Server) -> tuple[str, object]:
    """The position of the feed, and the webhooks."""
    position = http_request("GET", f"{server.http_url}/health").json()["position"]
    return position, http_request("GET", f"{server.http_url}/webhooks").json()


@pytest.mark.parametrize("forged", [{}, {"X-Forwarded-Host": "127.0.0.1"}])
def test_a_rebound_name_is_not_answered(server: Server, forged: dict[str, str]) -> None:
    headers = {"Host": EVIL, "Origin": f"http://{EVIL}", **forged}

    for method, path in (
        ("GET", "/incidents"),
        ("HEAD", "/incidents"),
        ("POST", "/incidents"),
        ("OPTIONS", "/incidents"),
        ("GET", "/"),
        ("GET", "/health"),
        ("POST", "/dev/@connections/AAAAAAAAAAAAAAA="),
    ):
        assert http_request(method, server.http_url + path, None, headers).status == 421, path
    with RawSocket(server.port) as raw:
        assert (
            raw.handshake(**{name.replace("-", "_"): text for name, text in headers.items()}) == 421
        )


@pytest.mark.parametrize(("lang", "word"), [("es", "indíquelo"), ("en", "is yours")])
def test_the_refusal_of_a_name_says_which_option_allows_it(
    server: Server, lang: str, word: str
) -> None:
    headers = {"Host": EVIL, "Accept-Language": lang}

    answer = http_request("GET", f"{server.http_url}/health", None, headers)

    problem = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["code"] == "misdirected_request"
    assert "--public-url" in problem["title"]
    assert word in problem["title"]


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("alerta.example.edu:8443", 200),
        ("ALERTA.example.edu", 200),
        ("mapa.example.edu", 200),
        ("localhost:1", 200),
        ("192.0.2.7", 200),
        ("[2001:db8::1]:8000", 200),
        (EVIL, 421),
        ("example.edu", 421),
    ],
)
def test_the_names_that_the_options_give_are_answered(
    published: Server, host: str, status: int
) -> None:
    answer = http_request("GET", f"{published.http_url}/health", None, {"Host": host})

    assert answer.status == status


def test_a_forwarded_host_makes_no_name_ours(published: Server) -> None:
    headers = {"Host": EVIL, "X-Forwarded-Host": "alerta.example.edu", "X-Forwarded-For": "1.2.3.4"}

    assert http_request("GET", f"{published.http_url}/health", None, headers).status == 421


def test_several_hosts_are_not_answered_if_one_is_not_ours(server: Server) -> None:
    with RawSocket(server.port) as raw:
        raw.send(b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\n\r\n")

        assert raw.status() in {400, 421}


def test_where_people_sign_in_any_name_is_answered(guarded: Server) -> None:
    headers = {"Host": "alerta.example.edu", **bearer(token())}

    assert http_request("GET", f"{guarded.http_url}/incidents", None, headers).status == 200
    assert http_request("GET", f"{guarded.http_url}/health", None, {"Host": EVIL}).status == 200


FORMS = {
    "a form": {"Content-Type": "application/x-www-form-urlencoded"},
    "a form of files": {"Content-Type": "multipart/form-data; boundary=x"},
    "plain text": {"Content-Type": "text/plain"},
    "no type": {},
    "JSON": {"Content-Type": "application/json"},
}
PAGES = {
    "another site": {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
    "an older browser": {"Origin": "https://evil.example"},
    "an opaque origin": {"Origin": "null"},
    "no origin": {"Sec-Fetch-Site": "cross-site"},
    "another service of the site": {"Origin": "http://evil.localhost.example"},
}


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES.keys())
@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
def test_a_form_of_another_site_writes_nothing(
    server: Server, page: dict[str, str], form: dict[str, str]
) -> None:
    before = written(server)

    answers = [
        report(server, {**page, **form}),
        http_request(
            "POST", f"{server.http_url}/webhooks", b'{"url":"https://evil.example/"}', page | form
        ),
        http_request("PATCH", f"{server.http_url}/incidents/a", b"{}", page | form),
        http_request("DELETE", f"{server.http_url}/webhooks/a", None, page),
        http_request("POST", f"{server.http_url}/webhooks/a/secret", None, page),
    ]

    assert [(each.status, each.json()["code"]) for each in answers] == [(403, "forbidden")] * 5
    assert "--origin" in answers[0].json()["title"]
    assert written(server) == before


@pytest.mark.parametrize("form", list(FORMS)[:-1])
def test_an_allowed_page_writes_json_only(published: Server, form: str) -> None:
    page = {"Origin": "https://mapa.example.edu", "Sec-Fetch-Site": "cross-site"}

    refused = report(published, page | FORMS[form])
    stored = report(published, page | FORMS["JSON"])

    assert (refused.status, refused.json()["code"]) == (415, "unsupported_media_type")
    assert stored.status == 201


def test_the_service_s_own_pages_write(published: Server) -> None:
    own = {"Sec-Fetch-Site": "same-origin", "Origin": "http://127.0.0.1:1", **FORMS["JSON"]}
    public = {"Origin": "https://alerta.example.edu:8443", **FORMS["JSON"]}

    assert report(published, own).status == 201
    assert report(published, public).status == 201


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
def test_programs_write_with_any_type(server: Server, form: dict[str, str]) -> None:
    assert report(server, form).status == 201


def test_the_public_url_is_what_clients_are_told(published: Server) -> None:
    assert report(published, {}, json.dumps(incident(incidentId="a")).encode()).status == 201

    config = http_request("GET", f"{published.http_url}/config.json").json()
    asyncapi = http_request("GET", f"{published.http_url}/asyncapi.json").json()
    alert = http_request("GET", f"{published.http_url}/incidents/a/cap").body.decode()
    page = http_request("GET", f"{published.http_url}/").headers["content-security-policy"]

    assert config["webSocketUrl"] == "wss://alerta.example.edu:8443/alerta/dev"
    assert config["webSocketPath"] == "dev"
    assert asyncapi["servers"]["main"] == {
        "host": "alerta.example.edu:8443",
        "pathname": "/alerta/dev",
        "protocol": "wss",
    }
    assert f"<web>{PUBLIC}/#i=a</web>" in alert
    assert "wss://alerta.example.edu:8443" in page


def test_a_peer_that_is_not_trusted_changes_no_address(server: Server) -> None:
    forged = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example"}
    forged |= {"Forwarded": "for=1.2.3.4;proto=https;host=evil.example"}

    config = http_request("GET", f"{server.http_url}/config.json", None, forged).json()

    assert config["webSocketUrl"] == server.ws_url


def test_the_public_origin_opens_sockets_also_on_another_port(published: Server) -> None:
    for origin, status in (("https://alerta.example.edu:8443", 101), ("https://evil.example", 403)):
        with RawSocket(published.port) as raw:
            assert raw.handshake(Host="alerta.example.edu", Origin=origin) == status


def test_the_client_behind_a_trusted_proxy_has_so_many_sockets(published: Server) -> None:
    client = {"X-Forwarded-For": "127.0.0.1, 203.0.113.9"}

    with ExitStack() as stack:
        for _ in range(2):
            stack.enter_context(WsClient(published.ws_url, headers=client))
        third = handshake_status(published, headers=client)
        request = http_request("GET", f"{published.http_url}/health", None, client)
        other = handshake_status(published, headers={"X-Forwarded-For": "203.0.113.10"})

    assert (third, request.status, other) == (429, 429, 101)
    assert handshake_status(published, headers=client) == 101


def test_requests_that_a_client_behind_a_trusted_proxy_never_ends_are_counted(
    published: Server,
) -> None:
    begun = b"POST /incidents HTTP/1.1\r\nHost: x.localhost\r\nX-Forwarded-For: %s\r\n"
    begun += b"Content-Length: 10\r\n\r\n"
    same_network = [b"2001:db8:1:2::1", b"2001:db8:1:2::2"]

    with ExitStack() as stack:
        for client in same_network:
            raw = stack.enter_context(RawSocket(published.port))
            raw.send(begun % client)
        statuses = {
            client: http_request(
                "GET", f"{published.http_url}/health", None, {"X-Forwarded-For": client}
            ).status
            for client in ("2001:db8:1:2::3", "2001:db8:1:3::1")
        }

    assert statuses == {"2001:db8:1:2::3": 429, "2001:db8:1:3::1": 200}


ANSWERS = {
    "health": ("GET", "/health"),
    "no route": ("GET", "/nothing"),
    "the stage": ("GET", "/dev"),
    "management": ("POST", "/dev/@connections/x"),
    "too long": ("GET", "/" + "x" * 5000),
    "no method": ("BREW", "/"),
}


@pytest.mark.parametrize(("method", "path"), ANSWERS.values(), ids=ANSWERS.keys())
def test_every_answer_has_nosniff_and_names_no_version(
    server: Server, method: str, path: str
) -> None:
    answer = http_request(method, server.http_url + path)

    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["server"] == "alerta-utec"


def test_health_shows_no_position_where_people_sign_in(guarded: Server) -> None:
    for headers in ({}, bearer("x.y.z"), bearer(token())):
        answer = http_request("GET", f"{guarded.http_url}/health", None, headers)

        assert (answer.status, answer.json()) == (200, {"status": "ok"})
