"""The panel, as each deployment serves it."""

import gzip
import re
from urllib.parse import urlsplit

import pytest

from tests.conformance.targets import Target


def test_the_policy_of_the_page_allows_only_the_configured_socket(
    target: Target,
) -> None:
    page = target.get("/")

    socket = urlsplit(target.get("/config.json").json()["webSocketUrl"])
    assert page.status == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    policy = page.headers["content-security-policy"]
    [sources] = re.findall(r"connect-src ([^;]+);", policy)
    assert f"{socket.scheme}://{socket.netloc}" in sources.split()
    assert {urlsplit(source).netloc for source in sources.split()} == {"", socket.netloc}
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_every_file_of_the_page_comes_with_its_type(target: Target) -> None:
    names = set(re.findall(r'"(panel/[^"]+)"', target.get("/").body.decode()))

    answers = {name: target.get(f"/{name}") for name in names}

    assert len(answers) > 1
    assert {answer.status for answer in answers.values()} == {200}
    modules = [answer for name, answer in answers.items() if name.endswith(".js")]
    assert {a.headers["content-type"] for a in modules} == {"text/javascript; charset=utf-8"}
    assert {a.headers["x-content-type-options"] for a in answers.values()} == {"nosniff"}


def test_a_file_is_answered_with_304_if_unchanged_and_compressed_if_accepted(
    target: Target,
) -> None:
    plain = target.get("/")
    packed = target.call("GET", "/", headers={"Accept-Encoding": "gzip"})
    again = target.call("GET", "/", headers={"If-None-Match": plain.headers["etag"]})

    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body
    assert (again.status, again.body) == (304, b"")
    assert plain.headers["cache-control"] == "no-cache"


def test_a_head_request_gets_no_body(target: Target) -> None:
    answer = target.call("HEAD", "/")

    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["etag"] == target.get("/").headers["etag"]


HEAD_PATHS = ("/panel/app.js", "/config.json", "/health", "/me", "/incidents", "/stats", "/docs")


@pytest.mark.parametrize("path", [*HEAD_PATHS, "/webhooks", "/openapi.json", "/incidents/none"])
def test_head_is_answered_on_every_route_of_get(target: Target, path: str) -> None:
    answer, whole = target.call("HEAD", path), target.get(path)

    assert (answer.status, answer.body) == (whole.status, b"")
    assert answer.headers["content-type"] == whole.headers["content-type"]


def test_head_of_a_path_that_no_route_has_is_not_found(target: Target) -> None:
    assert target.call("HEAD", "/nothing/here").status == 404


def test_an_unknown_file_of_the_panel_is_not_found(target: Target) -> None:
    for path in ("/panel/nothing.js", "/panel/index.html", "/panel/..%2Fhttp.py", "/panel/"):
        assert target.get(path).status == 404, path
