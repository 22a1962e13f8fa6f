"""Which writes are refused for the page that makes a browser send them, in both deployments."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerta_utec.deployments.routes import HTTP_ROUTE_KEYS
from alerta_utec.domain.errors import ForeignOrigin, UnsupportedMediaType
from alerta_utec.domain.origins import Origins
from alerta_utec.handlers.browser_guard import check_write
from alerta_utec.handlers.request import Request
from tests import events
from tests.unit.handlers.conftest import ServiceOverFakes

PANEL, EVIL = "https://panel.example.edu", "https://evil.example"
LISTED = Origins((PANEL,))
JSON = {"content-type": "application/json"}


def write(method: str = "POST", body: str | None = "{}", **headers: str) -> Request:
    """A request; underscores in the names of headers stand for hyphens."""
    named = {"host": "api.example.edu"} | {n.replace("_", "-"): v for n, v in headers.items()}
    return Request({"routeKey": f"{method} /incidents", "headers": named, "body": body})


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": EVIL},
        {"origin": "null"},
        {"origin": ""},
        {"origin": EVIL, "sec_fetch_site": "cross-site"},
        {"origin": EVIL, "sec_fetch_site": "same-site"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"sec_fetch_site": ""},
    ],
)
@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE", "PUT"])
@pytest.mark.parametrize("origins", [Origins(), LISTED])
def test_a_page_that_is_not_allowed_writes_nothing(
    method: str, headers: dict[str, str], origins: Origins
) -> None:
    with pytest.raises(ForeignOrigin):
        check_write(write(method, **headers, content_type="application/json"), origins)


@pytest.mark.parametrize(
    ("headers", "origins"),
    [
        ({}, Origins()),
        ({}, LISTED),
        ({"origin": PANEL}, LISTED),
        ({"origin": PANEL, "sec_fetch_site": "cross-site"}, LISTED),
        ({"origin": "https://api.example.edu", "sec_fetch_site": "same-origin"}, LISTED),
        ({"origin": "https://api.example.edu"}, Origins()),
        ({"sec_fetch_site": "none"}, LISTED),
        ({"origin": EVIL, "sec_fetch_site": "cross-site"}, Origins(("*",))),
        ({"sec_fetch_site": "cross-site"}, Origins(("*",))),
    ],
)
def test_programs_and_allowed_pages_write(headers: dict[str, str], origins: Origins) -> None:
    check_write(write(**headers, content_type="application/json"), origins)


@pytest.mark.parametrize(
    ("content_type", "is_json"),
    [
        ("application/json", True),
        ("Application/JSON; charset=utf-8", True),
        ("application/cloudevents+json", True),
        ("text/plain", False),
        ("text/plain; a=application/json", False),
        ("application/x-www-form-urlencoded", False),
        ("multipart/form-data; boundary=x", False),
        ("text/x+json", False),
        ("", False),
    ],
)
def test_a_body_from_a_page_must_be_json(content_type: str, is_json: bool) -> None:
    request = write(origin=PANEL, content_type=content_type)

    if is_json:
        check_write(request, LISTED)
    else:
        with pytest.raises(UnsupportedMediaType):
            check_write(request, LISTED)
    check_write(write(body=None, origin=PANEL, content_type=content_type), LISTED)
    check_write(write(content_type=content_type), LISTED)


@given(st.text(), st.text(), st.sampled_from(["GET", "HEAD"]))
def test_a_read_is_never_refused_for_its_page(origin: str, site: str, method: str) -> None:
    check_write(write(method, origin=origin, sec_fetch_site=site), Origins())


@given(st.text().filter(lambda text: text not in {"same-origin", "none"}))
def test_no_other_text_is_an_own_page_s(site: str) -> None:
    if site.strip().lower() in {"same-origin", "none"}:
        return
    with pytest.raises(ForeignOrigin):
        check_write(write(origin=EVIL, sec_fetch_site=site), Origins())


@pytest.mark.parametrize("key", [k for k in HTTP_ROUTE_KEYS if not k.startswith(("GET", "HEAD"))])
def test_every_route_that_changes_something_is_judged(key: str) -> None:
    service = ServiceOverFakes(origins=LISTED)
    event = events.load("http_post")
    event |= {"routeKey": key, "headers": event["headers"] | JSON | {"origin": EVIL}}

    response = service.http(event)

    assert response["statusCode"] == 403
    assert json.loads(response["body"])["code"] == "forbidden"
