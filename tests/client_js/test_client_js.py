"""The browser client's tests, which run in Node: each of them is a test here."""

import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.support.deployment import Deployment
from tests.support.loopback import LoopbackServer, QuietHandler
from tests.support.server import Server
from tests.support.sign_in import AUDIENCE, ISSUER, SECRET, WITH_SECRET

FOLDER = Path(__file__).parent
ROOT = FOLDER.parents[1]
# The suites that need no server.
CORE = ("feed", "connection", "sends", "model")
RUN_S = 100.0
# A heartbeat that tests need not wait for.
BEATING = ("--heartbeat-s", "0.5")
NODE = ("node", "--test", "--test-timeout=60000", f"--test-reporter={FOLDER / 'reporter.mjs'}")
# The client is a plain file without a package.json, which Node warns of.
OPTIONS = "--disable-warning=MODULE_TYPELESS_PACKAGE_JSON"


@dataclass(frozen=True)
class Suite:
    """One file of tests, run once, with the result of each test by its name."""

    file: Path
    results: Mapping[str, Mapping[str, Any]]
    said: str

    @classmethod
    def run(cls, name: str, service: Mapping[str, Any]) -> "Suite":
        file = FOLDER / f"{name}.test.mjs"
        given = {"NODE_OPTIONS": OPTIONS, "ALERTA_CLIENT_TEST": json.dumps(service)}
        done = subprocess.run(
            [*NODE, file],
            env=os.environ | given,
            capture_output=True,
            text=True,
            timeout=RUN_S,
            check=False,
        )
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        said = "".join(line["said"] for line in lines if "said" in line) + done.stderr
        return cls(file, {line["name"]: line for line in lines if "name" in line}, said)

    def check(self, test: str) -> None:
        """Fail if that test has failed."""
        result = self.results.get(test)
        assert result is not None, f"{self.file.name} has not run it:\n{self.said}"
        assert result["passed"], f"{result['why']}\n{self.said}"


def names(suite: str) -> list[str]:
    """Return the names of the tests in a file."""
    text = (FOLDER / f"{suite}.test.mjs").read_text()
    return re.findall(r'^test\("([^"]+)"', text, flags=re.MULTILINE)


@contextmanager
def control(server: Server) -> Iterator[str]:
    """Yield an address that kills the server (``/kill``) and restarts it (``/launch``)."""

    class Handler(QuietHandler):
        def do_POST(self) -> None:
            if self.path == "/kill":
                server.kill9()
            else:
                server.launch()
            self.send_response(204)
            self.end_headers()

    with LoopbackServer(Handler) as listening:
        yield listening.url


@pytest.fixture(scope="module")
def core() -> Callable[[str], Suite]:
    return cache(lambda name: Suite.run(name, {}))


@pytest.fixture(scope="module")
def story(server: Server) -> Suite:
    return Suite.run("story", {"ws": server.ws_url})


@pytest.fixture(scope="module")
def faults(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Suite]:
    with (
        Server(tmp_path_factory.mktemp("faults") / "data", options=BEATING) as own,
        control(own) as address,
    ):
        yield Suite.run("faults", {"ws": own.ws_url, "control": address})


@pytest.fixture(scope="module")
def sign_in(tmp_path_factory: pytest.TempPathFactory) -> Suite:
    claims = {"sub": "rosa", "iss": ISSUER, "aud": AUDIENCE}
    exact = {**WITH_SECRET, "ALERTA_AUTH_LEEWAY_S": "0"}
    with Server(tmp_path_factory.mktemp("guarded") / "data", environment=exact) as guarded:
        service = {"ws": guarded.ws_url, "http": guarded.http_url}
        return Suite.run("sign_in", {**service, "claims": claims, "secret": SECRET})


@pytest.fixture(scope="module")
def aws(deployment: Deployment) -> Suite:
    return Suite.run("story", {"ws": deployment.ws_url})


@pytest.mark.parametrize(
    ("suite", "test"), [(suite, test) for suite in CORE for test in names(suite)]
)
def test_core(core: Callable[[str], Suite], suite: str, test: str) -> None:
    core(suite).check(test)


@pytest.mark.parametrize("test", names("story"))
def test_story(story: Suite, test: str) -> None:
    story.check(test)


@pytest.mark.parametrize("test", names("faults"))
def test_faults(faults: Suite, test: str) -> None:
    faults.check(test)


@pytest.mark.parametrize("test", names("sign_in"))
def test_sign_in(sign_in: Suite, test: str) -> None:
    sign_in.check(test)


@pytest.mark.parametrize("test", names("story"))
def test_story_on_aws(aws: Suite, test: str) -> None:
    aws.check(test)


def test_the_example_of_the_documentation(server: Server, tmp_path: Path) -> None:
    document = (ROOT / "docs" / "browser-client.md").read_text()
    code = document.split("```js\n")[1].split("```")[0]
    for theirs, here in (
        ("http://127.0.0.1:8000/panel/client.js", str(ROOT / "frontend/client/client.js")),
        ("ws://127.0.0.1:8000/dev", server.ws_url),
    ):
        assert theirs in code
        code = code.replace(theirs, here)
    given = f'import {{ WebSocket }} from "{ROOT}/node_modules/ws/wrapper.mjs";\n'
    given += "globalThis.WebSocket ??= WebSocket;\n"
    example = tmp_path / "example.mjs"
    example.write_text(given + code + "client.stop();\nconsole.log('stored');\n")

    done = subprocess.run(
        ["node", OPTIONS, example], capture_output=True, text=True, timeout=30, check=False
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == "connecting"
    assert done.stdout.splitlines()[-1] == "stored"
