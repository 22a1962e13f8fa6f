"""The files of a copy of the checkout that change for a new route, until it is served."""

import filecmp
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from benchmarks.cold_start import SETTINGS
from tests.conformance.targets import http_request
from tests.support.deployment import CHECKOUT, checkout
from tests.support.emulator import ROOT
from tests.support.fresh_python import printed_json
from tests.support.incidents import incident
from tests.support.server import Server, ServerFailed
from tests.support.wsclient import WsClient

# Each file that changes: a text in it, and what follows that text from now on.
Edits = Mapping[str, tuple[str, str]]

HTTP_ROUTE = "GET /incidents/{incidentId}/summary"
HTTP_EDITS: Edits = {
    "alerta_utec/handlers/routes.py": (
        '    HttpRoute("GET /stats", "statistics", pool="statistics"),\n',
        f'    HttpRoute("{HTTP_ROUTE}", "summarize"),\n',
    ),
    "alerta_utec/handlers/incidents.py": (
        "        return json_response(200, self.stats.of_last(parse_days(request.query)))\n",
        '''
    @documented(Operation("Summarize an incident", "Stored", ["not_found"]))
    def summarize(self, request: Request) -> LambdaResponse:
        """Return the type of an incident."""
        self.access.identity(request)
        found = self.store.get(request.path_id("incidentId"))
        return json_response(200, {"type": found.type})
''',
    ),
    "serverless.yml": (
        "      - httpApi: GET /stats\n",
        f"      - httpApi: {HTTP_ROUTE}\n",
    ),
}

ACTION_EDITS: Edits = {
    "alerta_utec/handlers/routes.py": (
        '    WebSocketRoute("sync", "sync", two_way=True),\n',
        '    WebSocketRoute("count", "count", two_way=True),\n',
    ),
    "alerta_utec/handlers/websocket.py": (
        "        raise UnknownAction(self.actions)\n",
        '''

class Count:
    """``count``: count the letters of a text."""

    @classmethod
    def over(cls, _services: object) -> Self:
        """Return the action."""
        return cls()

    def respond(self, message: ClientMessage) -> str:
        """Return the count."""
        return wire.encode({"type": "count", "letters": len(message.body["text"])})
''',
    ),
    "deploy/roles.yml": (
        "                Resource: { Fn::GetAtt: [DefaultLogGroup, Arn] }\n"
        "              - Effect: Allow\n"
        "                Action: dynamodb:GetItem\n"
        "                Resource: { Fn::GetAtt: [Connections, Arn] }\n",
        """  CountRole:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: *lambda
      Policies:
        - PolicyName: handler
          PolicyDocument:
            Version: "2012-10-17"
            Statement:
              - Effect: Allow
                Action: *writeLogs
                Resource: { Fn::GetAtt: [CountLogGroup, Arn] }
              - *whoIsIt
""",
    ),
    "serverless.yml": (
        "functions:\n",
        """  count:
    handler: src/count.handler
    role: CountRole
    events:
      - websocket: { route: count, routeResponseSelectionExpression: $default }
""",
    ),
}
ACTION_ENTRY = ('    "sync": Sync.over,\n', '    "count": Count.over,\n')
NEW_FILES = {
    "alerta_utec/deployments/aws/count.py": '''"""The Lambda of the route ``count``."""

from alerta_utec.deployments.aws.default import StoredLanguages
from alerta_utec.deployments.aws.entry import lambda_handler
from alerta_utec.handlers.messages import MessageRoute
from alerta_utec.handlers.websocket import Count

handler = lambda_handler(MessageRoute(Count(), StoredLanguages()).handle)
''',
    "src/count.py": '''"""``count``: count the letters of a text."""

from alerta_utec.deployments.aws.count import handler as handler
''',
}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the checkout."""
    return checkout(tmp_path / "checkout")


def edit(copy: Path, edits: Edits) -> None:
    """Make the edits; each text must be in its file once."""
    for name, (anchor, added) in edits.items():
        text = (copy / name).read_text()
        assert text.count(anchor) == 1, name
        (copy / name).write_text(text.replace(anchor, anchor + added))


def changed(copy: Path) -> set[str]:
    """Return the files of the copy that differ from the checkout's, or are not in it."""
    files = [path for name in CHECKOUT for path in _files(copy / name)]
    names = [path.relative_to(copy).as_posix() for path in files]
    return {
        name
        for name in names
        if not (ROOT / name).is_file() or not filecmp.cmp(ROOT / name, copy / name, shallow=False)
    }


def run(copy: Path, code: str) -> Any:
    """Return what a fresh process with the copy's package prints, as JSON."""
    return printed_json(f"import json; {code}", environment=SETTINGS, cwd=copy)


def table(copy: Path, name: str) -> set[str]:
    """Return the route keys of one of the copy's tables."""
    keys = f"[route.key for route in routes.{name}]"
    return set(run(copy, f"from alerta_utec.handlers import routes; print(json.dumps({keys}))"))


def events(copy: Path, kind: str) -> list[Any]:
    """Return the events of one kind in the copy's serverless.yml."""
    service = yaml.safe_load((copy / "serverless.yml").read_text())
    found = [event for one in service["functions"].values() for event in one["events"]]
    return [event[kind] for event in found if kind in event]


def test_a_new_http_route_takes_the_table_its_handler_and_serverless_yml(copy: Path) -> None:
    edit(copy, HTTP_EDITS)

    with Server(copy.parent / "data", checkout=copy) as server:
        body = json.dumps(incident(incidentId="a")).encode()
        stored = http_request("POST", f"{server.http_url}/incidents", body)
        answer = http_request("GET", f"{server.http_url}/incidents/a/summary")
        document = http_request("GET", f"{server.http_url}/openapi.json").json()

    assert changed(copy) == HTTP_EDITS.keys()
    assert len(changed(copy)) == 3
    assert (stored.status, answer.status) == (201, 200)
    assert answer.json() == {"type": incident()["type"]}
    described = document["paths"][HTTP_ROUTE.removeprefix("GET ")]
    assert described["get"]["summary"] == "Summarize an incident"
    assert [parameter["name"] for parameter in described["parameters"]] == ["incidentId"]
    assert table(copy, "KERNEL_ROUTES") <= set(events(copy, "httpApi"))


def test_the_checks_miss_a_new_http_route_in_either_list(copy: Path) -> None:
    edit(copy, {name: HTTP_EDITS[name] for name in HTTP_EDITS if name != "serverless.yml"})

    assert table(copy, "KERNEL_ROUTES") - set(events(copy, "httpApi")) == {HTTP_ROUTE}


def test_a_service_with_a_route_without_a_handler_does_not_start(copy: Path) -> None:
    edit(copy, {name: HTTP_EDITS[name] for name in HTTP_EDITS if "incidents" not in name})

    with pytest.raises(ServerFailed, match="summarize"):
        Server(copy.parent / "data", checkout=copy).start()


def test_a_new_action_takes_a_lambda_and_its_role_besides(copy: Path) -> None:
    edit(copy, ACTION_EDITS)
    edit(copy, {"alerta_utec/handlers/websocket.py": ACTION_ENTRY})
    for name, text in NEW_FILES.items():
        (copy / name).write_text(text)

    with (
        Server(copy.parent / "data", checkout=copy) as server,
        WsClient(server.ws_url) as client,
    ):
        client.send({"action": "count", "text": "humo"})
        frame = client.wait(lambda one: one.get("type") == "count")

    assert changed(copy) == ACTION_EDITS.keys() | NEW_FILES.keys()
    assert len(changed(copy)) == 6
    assert frame["letters"] == 4
    deployed = {event["route"] for event in events(copy, "websocket")}
    assert table(copy, "WEBSOCKET_ROUTES") == deployed
    assert run(copy, "import src.count; print(json.dumps(callable(src.count.handler)))")


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
    else:
        yield from (file for file in path.rglob("*") if file.is_file() and file.suffix != ".pyc")
