"""The panel's page and files, fed with events of payload format 2.0."""

import base64
import gzip
import re
from collections.abc import Mapping
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from alerta_utec.handlers.addresses import FixedAddress
from alerta_utec.handlers.panel import PanelApi
from alerta_utec.handlers.request import Request
from tests import events
from tests.support.emulator import ROOT
from tests.unit.handlers.conftest import ServiceOverFakes

FOLDER = ROOT / "alerta_utec" / "static"
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json; charset=utf-8",
}
SERVED = sorted(path.name for path in FOLDER.iterdir() if path.suffix in TYPES)


def get(service: ServiceOverFakes, name: str, **headers: str) -> dict[str, Any]:
    """The answer to an event, with more request headers; underscores stand for hyphens."""
    event = events.load(name)
    event["headers"] |= {key.replace("_", "-"): value for key, value in headers.items()}
    return service.http(event)


def get_file(service: ServiceOverFakes, name: str, **headers: str) -> dict[str, Any]:
    """The answer to the request of one of the panel's files."""
    event = events.load("http_panel_file") | {"pathParameters": {"file": name}}
    event["headers"] |= {key.replace("_", "-"): value for key, value in headers.items()}
    return service.http(event)


def body(response: dict[str, Any]) -> bytes:
    """A body as the client gets it."""
    if response["isBase64Encoded"]:
        return base64.b64decode(response["body"])
    return str(response["body"]).encode()


def policy(response: dict[str, Any]) -> dict[str, list[str]]:
    """A Content-Security-Policy by its directives."""
    directives = response["headers"]["Content-Security-Policy"].split("; ")
    return {name: values for name, *values in (directive.split() for directive in directives)}


class References(HTMLParser):
    """The requests of a page, and the parts that a strict policy would refuse."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.refused: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep an element's addresses, and whether it is written into the page."""
        given = dict(attrs)
        self.refused += [f"{tag} {name}" for name in given if name.startswith("on")]
        self.refused += [f"{tag} style"] * ("style" in given)
        if tag == "script" and "src" not in given:
            self.refused.append("script")
        if tag in ("style", "base", "iframe", "object", "embed"):
            self.refused.append(tag)
        self.found += [str(given[name]) for name in ("src", "href") if given.get(name)]


def test_the_page_is_read_from_the_static_folder(service: ServiceOverFakes) -> None:
    response = get(service, "http_panel")

    assert response["statusCode"] == 200
    assert response["headers"]["Content-Type"] == "text/html; charset=utf-8"
    assert unversioned(body(response)) == (FOLDER / "index.html").read_bytes()


def unversioned(page: bytes) -> bytes:
    """Return the page with the plain names of its files."""
    return re.sub(rb'"panel/([\w-]+)\.[0-9a-f]{12}\.', rb'"panel/\1.', page)


def of_file(service: ServiceOverFakes, name: str) -> Mapping[str, Any]:
    """Return the response to a request for a file of the panel."""
    return service.http(events.load("http_panel_file") | {"pathParameters": {"file": name}})


def test_the_page_names_its_files_by_version_and_they_are_cached_for_good(
    service: ServiceOverFakes,
) -> None:
    page = References(body(get(service, "http_panel")).decode())

    names = [name.removeprefix("panel/") for name in page.found if name.startswith("panel/")]
    assert len(names) > 3
    for name in names:
        response = of_file(service, name)
        plain = re.sub(r"\.[0-9a-f]{12}\.", ".", name)
        assert body(response) == (FOLDER / plain).read_bytes()
        assert response["headers"]["Cache-Control"] == "public, max-age=31536000, immutable"
        assert name == f".{sha256((FOLDER / plain).read_bytes()).hexdigest()[:12]}.".join(
            plain.rsplit(".", 1)
        )


@pytest.mark.parametrize("name", ["app.js", "app.0123456789ab.js", "client.js"])
def test_a_file_without_the_current_version_is_revalidated_each_time(
    service: ServiceOverFakes, name: str
) -> None:
    response = of_file(service, name)

    assert response["statusCode"] == 200
    assert response["headers"]["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("name", ["index.html", "index.0123456789ab.html", "no.0123456789ab.js"])
def test_no_version_of_another_name_is_found(service: ServiceOverFakes, name: str) -> None:
    assert of_file(service, name)["statusCode"] == 404


def test_the_policy_lets_the_page_run_and_reach_only_this_service(
    service: ServiceOverFakes,
) -> None:
    headers = get(service, "http_panel")["headers"]

    assert policy(get(service, "http_panel")) == {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "connect-src": ["'self'", "wss://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com"],
        "manifest-src": ["'self'"],
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
        "frame-ancestors": ["'none'"],
        "require-trusted-types-for": ["'script'"],
        "trusted-types": ["'none'"],
    }
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "geolocation=()" in headers["Permissions-Policy"]


@pytest.mark.parametrize(
    "url",
    [
        "ws://x; script-src *",
        "ws://x 'unsafe-inline'/dev",
        "ws://a,b/dev",
        "ws://a\r\nX-Evil: 1/dev",
        "ws:///dev",
        "ws://ñ/dev",
    ],
)
def test_no_host_that_a_request_names_changes_the_policy(url: str) -> None:
    response = PanelApi(FixedAddress(url)).page(Request({}))

    assert policy(response)["connect-src"] == ["'self'"]
    assert policy(response)["script-src"] == ["'self'"]


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("ws://127.0.0.1:8000/dev", "ws://127.0.0.1:8000"),
        ("ws://[::1]:8000/dev", "ws://[::1]:8000"),
        ("wss://alerta.example.edu/prod", "wss://alerta.example.edu"),
    ],
)
def test_the_policy_names_the_origin_of_the_sockets(url: str, origin: str) -> None:
    assert policy(PanelApi(FixedAddress(url)).page(Request({})))["connect-src"] == [
        "'self'",
        origin,
    ]


def test_a_head_request_gets_the_headers_alone(service: ServiceOverFakes) -> None:
    response = get(service, "http_panel_head")

    assert response["statusCode"] == 200
    page = get(service, "http_panel")
    assert response["headers"] == page["headers"] | {"Content-Length": str(len(body(page)))}
    assert response["body"] == ""


@pytest.mark.parametrize("name", SERVED)
def test_a_file_is_sent_with_its_type_and_revalidated(service: ServiceOverFakes, name: str) -> None:
    response = get_file(service, name)

    assert response["statusCode"] == 200
    assert body(response) == (FOLDER / name).read_bytes()
    headers = response["headers"]
    assert headers["Content-Type"] == TYPES[Path(name).suffix]
    assert headers["Cache-Control"] == "no-cache"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert policy(response) == {"default-src": ["'none'"], "frame-ancestors": ["'none'"]}


@pytest.mark.parametrize(
    "name", ["index.html", "nothing.js", "", ".", "..", "../http.py", "/etc/passwd", "client.d.ts"]
)
def test_a_file_that_is_not_the_panels_is_not_found(service: ServiceOverFakes, name: str) -> None:
    response = get_file(service, name)

    assert response["statusCode"] == 404
    assert '"not_found"' in response["body"]


def test_an_unchanged_file_is_not_sent_again(service: ServiceOverFakes) -> None:
    tag = get(service, "http_panel")["headers"]["ETag"]

    for given in (tag, f'"other", {tag}', f"W/{tag}", "*"):
        response = get(service, "http_panel", if_none_match=given)
        assert (response["statusCode"], response["body"]) == (304, "")
        assert response["headers"]["ETag"] == tag
        assert "Content-Security-Policy" in response["headers"]
    assert get(service, "http_panel", if_none_match='"other"')["statusCode"] == 200


@pytest.mark.parametrize("accepted", ["gzip", "br;q=1, gzip;q=0.5", "deflate,GZIP"])
def test_the_page_is_compressed_for_clients_that_accept_gzip(
    service: ServiceOverFakes, accepted: str
) -> None:
    plain, packed = get(service, "http_panel"), get(service, "http_panel", accept_encoding=accepted)

    assert packed["headers"]["Content-Encoding"] == "gzip"
    assert gzip.decompress(body(packed)) == body(plain)
    assert packed["headers"]["Vary"] == plain["headers"]["Vary"] == "Accept-Encoding"
    assert packed["headers"]["ETag"] != plain["headers"]["ETag"]


@pytest.mark.parametrize("accepted", ["", "identity", "br", "gzip;q=0", "gzip; q=0.0", "xgzip"])
def test_the_page_is_not_compressed_for_other_clients(
    service: ServiceOverFakes, accepted: str
) -> None:
    response = get(service, "http_panel", accept_encoding=accepted)

    assert "Content-Encoding" not in response["headers"]


def test_the_page_requests_existing_files_and_has_nothing_inline() -> None:
    page = References((FOLDER / "index.html").read_text())

    assert page.refused == []
    wanted = [name for name in page.found if not name.startswith(("#", "docs", "data:"))]
    assert wanted
    assert [name for name in wanted if name.removeprefix("panel/") not in SERVED] == []


def test_no_file_of_the_panel_loads_another() -> None:
    for name in SERVED:
        text = (FOLDER / name).read_text()
        assert not re.search(r"""(?:from|import)\s*\(?\s*["'][^"']+["']""", text), name
        if name.endswith(".css"):
            assert "@import" not in text
            assert not re.search(r"url\((?!['\"]?(data:|#))", text), name


def test_the_files_of_the_page_stay_small() -> None:
    page = References((FOLDER / "index.html").read_text())

    # Modules and styles import nothing, as the test above shows.
    loaded = {"index.html"} | {name.removeprefix("panel/") for name in page.found} & set(SERVED)
    sizes = {name: (FOLDER / name).stat().st_size for name in loaded}
    assert {"app.js", "panel.css"} < set(sizes)
    assert sum(sizes.values()) < 80_000, sizes
