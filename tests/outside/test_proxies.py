"""The panel in Chromium, and other clients, behind the very proxies of docs/operations."""

import http.client
import json
import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from tests.browser.pages import PATIENCE_MS, Pages, Target
from tests.browser.panel import Panel
from tests.conftest import ServeFactory
from tests.contract.mail_peers import read_maildir
from tests.docs.pages import blocks
from tests.support import chromium, proxies
from tests.support.certificates import self_signed
from tests.support.emulator import ROOT, free_port
from tests.support.eventually import eventually
from tests.support.incidents import incident
from tests.support.server import Server
from tests.support.sign_in import WITH_SECRET, token

HOST = "alerta.example.edu"
TRUSTED = ("--trusted-proxy", "127.0.0.1")
IDLE_S = 1
PAGES = ("docs/operations.md", "docs/operations.es.md")
_GLOBAL = (
    "{\n\tadmin off\n\tauto_https disable_redirects\n\tservers {\n\t\tprotocols h1 h2\n\t}\n}\n"
)


@dataclass(frozen=True)
class Front:
    """A proxy of the documents that terminates TLS on a port of its own."""

    proxy: str
    port: int
    folder: Path
    prefix: str = ""

    @property
    def url(self) -> str:
        """The address that clients use."""
        return f"https://{HOST}:{self.port}{self.prefix}"

    def before(self, port: int, stack: ExitStack, **changes: str) -> "Front":
        """Start it before a service on that port; ``changes`` replace texts of the block."""
        text = block(self.proxy)
        for old, new in changes.items():
            assert old in text
            text = text.replace(old, new)
        made = self._nginx(text, port) if self.proxy == "nginx" else self._caddy(text, port)
        stack.enter_context(proxies.running(self.proxy, made, self.folder, self.port))
        return self

    def get(self, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
        """Ask for a path, and return the status, the headers and the body."""
        return self.request("GET", path, None, **headers)

    def request(
        self, method: str, path: str, body: bytes | None, **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        """Send a request by the public address."""
        connection = http.client.HTTPConnection(HOST, self.port)
        raw = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        connection.sock = trusting_nothing().wrap_socket(raw, server_hostname=HOST)
        try:
            connection.request(method, self.prefix + path, body, headers)
            answer = connection.getresponse()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    def _nginx(self, text: str, port: int) -> str:
        text = text.replace("listen 443 ssl", f"listen 127.0.0.1:{self.port} ssl")
        text = text.replace("/etc/ssl/alerta", f"{self.folder}/alerta")
        text = text.replace("/var/log/nginx", str(self.folder))
        text = text.replace("http://127.0.0.1:8000", f"http://127.0.0.1:{port}")
        if self.prefix:
            text = text.replace("location / {", f"location {self.prefix}/ {{")
            text = text.replace(f"http://127.0.0.1:{port};", f"http://127.0.0.1:{port}/;")
            text = text.replace('X-Forwarded-Prefix ""', f"X-Forwarded-Prefix {self.prefix}")
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        temporary = " ".join(f"{kind}_temp_path {self.folder}/{kind};" for kind in kinds)
        head = f"pid {self.folder}/nginx.pid; error_log stderr; events {{}}\n"
        return f"user root;\n{head}http {{\n{temporary}\n{text}\n}}\n"

    def _caddy(self, text: str, port: int) -> str:
        files = f"{self.folder}/alerta.pem {self.folder}/alerta.key"
        site = f"https://{HOST}:{self.port} {{\n\tbind 127.0.0.1\n\ttls {files}"
        text = text.replace(f"{HOST} {{", site).replace("127.0.0.1:8000", f"127.0.0.1:{port}")
        if self.prefix:
            text = text.replace(
                "\treverse_proxy", f"\thandle_path {self.prefix}/* {{\n\treverse_proxy"
            )
            text += "}\n"
        return _GLOBAL + text


def block(kind: str, page: str = PAGES[0]) -> str:
    """Return the block of a proxy on a page."""
    language = {"nginx": "nginx", "caddy": "caddyfile"}[kind]
    [found] = [each.text for each in blocks(ROOT / page) if each.kind == language]
    return found


def trusting_nothing() -> ssl.SSLContext:
    """A client's context that takes any certificate."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """Ends the proxies of a test."""
    with ExitStack() as made:
        yield made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the certificate of the proxies."""
    certificate = self_signed(tmp_path, HOST)
    for suffix in ("pem", "key"):
        (tmp_path / f"alerta.{suffix}").write_bytes(certificate.read_bytes())
    return tmp_path


@pytest.fixture(params=proxies.NAMES)
def front(request: pytest.FixtureRequest, folder: Path) -> Front:
    """Each proxy, not started yet."""
    return Front(request.param, free_port(), folder)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium, for which the proxies' host is on this machine."""
    expect.set_options(timeout=PATIENCE_MS)
    rule = f"--host-resolver-rules=MAP {HOST} 127.0.0.1"
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=chromium.find(), args=[*chromium.flags(), rule]
        )
        yield launched
        launched.close()


@pytest.fixture
def pages(browser: Browser) -> Iterator[Pages]:
    """Opens watched pages: a refusal by the page's policy fails the test."""
    opened = Pages(browser)
    yield opened
    opened.close()


def assert_live(pages: Pages, url: str, server: Server, **options: str) -> None:
    """Assert that the panel at this address is live and shows what is reported."""
    target = Target(url, url.replace("https", "wss"))
    page = pages.open(target, ignore_https_errors=True, **options)
    panel = Panel(page).live()

    headers = {"Authorization": f"Bearer {token()}"}
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    connection.request("POST", "/incidents", json.dumps(incident(type="humo")), headers)
    assert connection.getresponse().status == 201
    connection.close()

    expect(panel.row("humo").first).to_be_visible()


def configuration(front: Front) -> dict[str, str]:
    """What the service tells a client behind the proxy."""
    status, _, body = front.get("/config.json")
    assert status == 200
    found: dict[str, str] = json.loads(body)
    return found


def opens(front: Front) -> bool:
    """Return whether a client opens a socket at the address that the service tells it."""
    url = configuration(front)["webSocketUrl"]
    raw = socket.create_connection(("127.0.0.1", front.port))
    with connect(url, ssl=trusting_nothing(), sock=raw) as client:
        client.send(json.dumps({"action": "ping"}))
        return json.loads(client.recv(20))["type"] == "pong"


@pytest.mark.parametrize("prefix", ["", "/alerta"])
def test_the_panel_and_other_clients_are_live_behind_each_proxy_of_the_documents(
    front: Front, prefix: str, serve: ServeFactory, stack: ExitStack, pages: Pages
) -> None:
    front = Front(front.proxy, front.port, front.folder, prefix)
    server = serve(options=("--public-url", front.url, *TRUSTED))
    front.before(server.port, stack)

    assert_live(pages, front.url, server)
    assert configuration(front)["webSocketUrl"] == f"{front.url}/dev".replace("https", "wss")
    assert opens(front)


def test_a_trusted_proxy_s_headers_are_enough_where_people_sign_in(
    front: Front, serve: ServeFactory, stack: ExitStack, pages: Pages
) -> None:
    server = serve(options=TRUSTED, environment=WITH_SECRET)
    front.before(server.port, stack)

    assert configuration(front)["webSocketUrl"] == f"wss://{HOST}:{front.port}/dev"
    assert_live(pages, front.url, server, token=token())


def test_the_panel_is_live_behind_a_proxy_that_the_service_does_not_trust(
    front: Front, serve: ServeFactory, stack: ExitStack, pages: Pages
) -> None:
    server = serve(environment=WITH_SECRET)
    front.before(server.port, stack)

    assert_live(pages, front.url, server, token=token())


def test_the_panel_is_live_behind_two_proxies_of_which_the_inner_one_speaks_plain_http(
    front: Front, serve: ServeFactory, stack: ExitStack, pages: Pages
) -> None:
    server = serve(options=("--public-url", front.url, *TRUSTED))
    port = free_port()
    inner = f"http://:{port} {{\n\treverse_proxy 127.0.0.1:{server.port}\n}}\n"
    stack.enter_context(proxies.running("caddy", _GLOBAL + inner, front.folder, port))
    front.before(port, stack)

    assert_live(pages, front.url, server)
    assert opens(front)


def test_what_is_stored_is_found_at_its_location_below_a_path(
    front: Front, serve: ServeFactory, stack: ExitStack
) -> None:
    front = Front(front.proxy, front.port, front.folder, "/alerta")
    server = serve(options=("--public-url", front.url, *TRUSTED))
    front.before(server.port, stack)

    body = json.dumps(incident(incidentId="a")).encode()
    status, headers, _ = front.request("POST", "/incidents", body)

    assert status == 201
    assert front.get(f"/{headers['location']}")[0] == 200
    assert f"<web>{front.url}/#i=a</web>" in front.get("/incidents/a/cap")[2].decode()


def test_the_link_of_an_e_mail_opens_the_incident_behind_each_proxy(
    front: Front, serve: ServeFactory, stack: ExitStack, pages: Pages
) -> None:
    front = Front(front.proxy, front.port, front.folder, "/alerta")
    server = serve(options=("--public-url", front.url, *TRUSTED))
    front.before(server.port, stack)
    grave = incident(type="humo denso", urgency="high", description="cocina " * 99)
    assert front.request("POST", "/incidents", json.dumps(grave).encode())[0] == 201
    [message] = eventually(lambda: read_maildir(server.data / "mail"), "an e-mail")

    [link] = re.findall(r"https://\S+", message.get_content())
    target = Target(front.url, front.url.replace("https", "wss"))
    page = pages.open(target, path=link.removeprefix(target.url), ignore_https_errors=True)

    expect(page.get_by_role("heading", name="humo denso")).to_be_visible()


def test_the_page_of_the_api_sends_its_requests_below_the_path_and_may_write(
    front: Front, serve: ServeFactory, stack: ExitStack, pages: Pages
) -> None:
    front = Front(front.proxy, front.port, front.folder, "/alerta")
    server = serve(options=("--public-url", front.url, *TRUSTED))
    front.before(server.port, stack)
    target = Target(front.url, front.url)
    page = pages.open(target, path="docs", expected=[r"favicon\.ico"], ignore_https_errors=True)

    page.locator(".opblock-post", has_text="/incidents").first.click()
    page.get_by_role("button", name="Try it out").click()
    with page.expect_response("**/incidents") as sent:
        page.get_by_role("button", name="Execute").click()

    assert (sent.value.url, sent.value.status) == (f"{front.url}/incidents", 201)


def test_without_the_public_url_the_proxy_s_name_is_refused_with_a_text_that_names_it(
    front: Front, serve: ServeFactory, stack: ExitStack
) -> None:
    front.before(serve(options=TRUSTED).port, stack)

    status, _, body = front.get("/incidents")

    assert status == 421
    assert "--public-url" in json.loads(body)["title"]


def test_no_client_reaches_the_connections_through_a_proxy(
    front: Front, serve: ServeFactory, stack: ExitStack
) -> None:
    front.before(serve(options=("--public-url", front.url, *TRUSTED)).port, stack)

    assert front.get("/dev/@connections/AAAAAAAAAAAAAAA=")[0] == 403


def test_the_client_is_the_one_that_the_proxy_saw_not_the_one_that_it_names(
    front: Front, serve: ServeFactory, stack: ExitStack
) -> None:
    limit = ("--max-per-address", "1")
    server = serve(options=("--public-url", front.url, *TRUSTED, *limit), environment=WITH_SECRET)
    front.before(server.port, stack)
    forged = {"X-Forwarded-For": "203.0.113.9", "Forwarded": "for=203.0.113.9"}

    # The proxy sees another address of this machine, which is not counted; the named one would be.
    with ExitStack() as sockets:
        for _ in range(2):
            raw = socket.create_connection(
                ("127.0.0.1", front.port), source_address=("127.0.0.2", 0)
            )
            client = connect(
                f"wss://{HOST}:{front.port}/dev?token={token()}",
                ssl=trusting_nothing(),
                sock=raw,
                additional_headers=forged,
            )
            sockets.enter_context(client)


def test_nginx_itself_limits_the_connections_of_an_address(
    folder: Path, serve: ServeFactory, stack: ExitStack
) -> None:
    front = Front("nginx", free_port(), folder)
    server = serve(options=("--public-url", front.url, *TRUSTED))
    front.before(server.port, stack, **{"limit_conn alerta 1000": "limit_conn alerta 1"})
    url = f"wss://{HOST}:{front.port}/dev"
    one, two = (socket.create_connection(("127.0.0.1", front.port)) for _ in range(2))

    with (
        connect(url, ssl=trusting_nothing(), sock=one),
        pytest.raises(InvalidStatus) as refused,
    ):
        connect(url, ssl=trusting_nothing(), sock=two)

    assert refused.value.response.status_code == 429


@pytest.mark.parametrize("heartbeat_s", [0.3, 60])
@pytest.mark.parametrize("ours", [True, False], ids=["alerta.v1", "no-subprotocol"])
def test_nginx_cuts_idle_clients_only_where_the_heartbeat_is_slower_than_its_timeout(
    folder: Path, serve: ServeFactory, stack: ExitStack, heartbeat_s: float, ours: bool
) -> None:
    """The block sets no timeout: nginx's own is 60 s, the heartbeat of the service 25 s."""
    assert "proxy_read_timeout" not in block("nginx")
    front = Front("nginx", free_port(), folder)
    options = ("--public-url", front.url, "--heartbeat-s", str(heartbeat_s), *TRUSTED)
    server = serve(options=options)
    last = "proxy_buffering off;"
    front.before(server.port, stack, **{last: f"{last} proxy_read_timeout {IDLE_S}s;"})
    raw = socket.create_connection(("127.0.0.1", front.port))
    offered = [Subprotocol("alerta.v1")] if ours else None

    with connect(
        f"wss://{HOST}:{front.port}/dev",
        ssl=trusting_nothing(),
        sock=raw,
        subprotocols=offered,
        ping_interval=None,
    ) as client:
        if heartbeat_s > IDLE_S:
            with pytest.raises(ConnectionClosed):
                client.recv(20)
            return
        if ours:
            beats = [json.loads(client.recv(20)) for _ in range(round(3 * IDLE_S / heartbeat_s))]
            assert {beat["type"] for beat in beats} == {"position"}
        else:
            with pytest.raises(TimeoutError):
                client.recv(3 * IDLE_S)
        client.send(json.dumps({"action": "ping", "requestId": "r"}))
        answers = iter(lambda: json.loads(client.recv(20)), None)
        assert next(one for one in answers if one["type"] == "pong")["requestId"] == "r"


@pytest.mark.parametrize("kind", proxies.NAMES)
def test_the_blocks_of_both_languages_differ_in_their_comments_alone(kind: str) -> None:
    english, spanish = (re.sub(r"#.*", "", block(kind, page)) for page in PAGES)

    assert english == spanish
