"""The saved queries of Logs Insights name events and fields that the service writes."""

import json
import re
import subprocess
import sys
from contextlib import suppress

import pytest
import yaml

from alerta_utec.adapters.aws.connections_api.poster import ConnectionsApiPoster
from alerta_utec.domain.errors import Unauthorized, Unavailable
from alerta_utec.domain.origins import Origins
from alerta_utec.ports.authentication import Authentication
from tests import events
from tests.meta.conftest import Packaged
from tests.meta.test_access_logs import VARIABLE
from tests.support.emulator import ROOT
from tests.support.log_lines import Line, captured
from tests.unit.adapters.aws.connections_api.fake_api import ConnectionsApi
from tests.unit.adapters.aws.connections_api.posting import connections_http
from tests.unit.deployments.trail import WAYS, Trail
from tests.unit.handlers.conftest import ServiceOverFakes

QUERIES = {
    name: made["Properties"]["QueryString"]
    for name, made in yaml.safe_load((ROOT / "deploy/queries.yml").read_text())["Resources"].items()
}
# CloudWatch Logs user guide, "Supported logs and discovered fields" and "Query syntax".
OF_CLOUDWATCH = {"@timestamp", "@message"}
WORDS = {
    *("fields", "filter", "stats", "sort", "limit", "by", "as", "desc", "and", "or", "in", "like"),
    *("count", "count_distinct", "sum", "pct", "max", "bin", "m"),
}
STRING = re.compile(r'"([^"]*)"|/[^/]*/')
NAME = re.compile(r"@?[A-Za-z_]\w*")
# One line of each function, as Lambda writes it: an error that has been logged.
WRITTEN = """
import logging
from alerta_utec.deployments.aws.entry import lambda_handler

def handle(_event, _context):
    try:
        raise ValueError("a")
    except ValueError:
        logging.getLogger("alerta_utec.app").exception("failed")

class Context:
    function_name = memory_limit_in_mb = invoked_function_arn = aws_request_id = "a"

lambda_handler(handle)({}, Context())
"""


def fields_of(query: str) -> set[str]:
    """Return the fields that a query names, without what it calls its own results."""
    text = STRING.sub("", query)
    own = set(re.findall(r"\bas (\w+)", text))
    return {name for name in NAME.findall(text) if name not in WORDS} - own - OF_CLOUDWATCH


def messages_of(query: str) -> set[str]:
    """Return the events that a query looks for."""
    found = re.findall(r'message (?:in \[([^\]]+)\]|= ("[^"]+"))', query)
    return {name for pair in found for name in re.findall(r'"(\w+)"', "".join(pair))}


class RefusesAll:
    """An ``Authenticator`` that refuses every token."""

    required = True

    def authenticate(self, _token: str | None) -> Authentication:
        raise Unauthorized("expired")


def refused() -> list[Line]:
    """Return the lines about a handshake, a message and a token that are refused."""
    service = ServiceOverFakes(origins=Origins())
    signed_in = ServiceOverFakes(authenticator=RefusesAll())
    asked = events.load("http_show")
    asked["headers"] |= {"authorization": "Bearer a"}
    with captured() as lines:
        service.connect(events.load("connect") | {"multiValueHeaders": {"Origin": ["https://a.b"]}})
        signed_in.connect(events.load("connect"))
        service.submit({"type": "incompleto"})
        signed_in.http(asked)
    return lines


def unreached() -> list[Line]:
    """Return the line about posts that failed."""
    with ConnectionsApi() as api, captured() as lines:
        api.tell("POST", "a=", 403)
        http = connections_http(api.url)
        with suppress(Unavailable):
            ConnectionsApiPoster(http, threads=1).post(["a="], "{}")
        http.close()
    return lines


def committed() -> Line:
    """Return the fields of the line of a commit, which is one of metrics."""
    return {"message": "committed", **Trail().change.log_fields()}


@pytest.fixture(scope="module")
def written(packaged: Packaged) -> dict[str, set[str]]:
    """Return the fields of each event, and under "" those of access logs and of every line."""
    found: dict[str, set[str]] = {"": set()}
    with captured() as lines:
        for way in WAYS:
            way(Trail())
    for line in [*lines, *refused(), *unreached(), committed()]:
        found.setdefault(line["message"], set()).update(line)
    for stage in packaged.of_type("AWS::ApiGatewayV2::Stage").values():
        log_format = VARIABLE.sub("", stage["Properties"]["AccessLogSettings"]["Format"])
        found[""] |= set(json.loads(log_format))
    found[""] |= standard_fields()
    return found


def standard_fields() -> set[str]:
    """Return the fields of a Lambda's line about an exception."""
    done = subprocess.run(
        [sys.executable, "-c", WRITTEN], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_looks_for_events_that_are_logged_and_fields_that_they_have(
    written: dict[str, set[str]], name: str
) -> None:
    query = QUERIES[name]
    messages = messages_of(query)

    assert messages <= set(written), messages - set(written)
    known = set().union(written[""], *(written[one] for one in messages or written))
    assert fields_of(query) <= known, fields_of(query) - known


def test_the_reader_of_queries_finds_fields_and_events() -> None:
    query = 'fields @timestamp, a | filter message in ["b", "c"] or d like /e/ | stats sum(f) as g'

    assert fields_of(query) == {"a", "message", "d", "f"}
    assert messages_of(query) == {"b", "c"}


def test_a_query_reads_only_logs_of_this_stack(packaged: Packaged) -> None:
    groups = packaged.of_type("AWS::Logs::LogGroup")
    made = packaged.of_type("AWS::Logs::QueryDefinition")

    assert len(made) == len(QUERIES) == 5
    for name, one in made.items():
        assert {group["Ref"] for group in one["Properties"]["LogGroupNames"]} <= set(groups), name
        assert one["Properties"]["Name"].startswith("alerta-utec-realtime/dev/")
