"""The wait of a deployment for the readers of the stream of changes."""

import json
import subprocess
from http.server import BaseHTTPRequestHandler

import pytest

from tests.support.emulator import REGION, ROOT, clean_environment
from tests.support.loopback import LoopbackServer, QuietHandler

DRIVER = """
const { buildClientConfig } = require('osls/lib/aws/config');
const { waitForReaders } = require('./deploy/probe');
const told = (text) => console.log(text);
const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
waitForReaders({
  serverless: { config: { serverlessPath: require.resolve('osls/lib/serverless') } },
  provider: {
    getAwsSdkV3Config: async () => buildClientConfig({ credentials }),
    getAccountInfo: async () => ({ partition: 'aws', accountId: '123456789012' }),
    getRegion: () => process.env.AWS_REGION,
  },
  log: { notice: told, warning: told },
  progress: { get: () => ({ notice() {}, remove() {} }) },
}, 'changes').catch((error) => { console.error(error); process.exit(1); });
"""


class Changes:
    """A table whose probes are deleted by a reader once they were looked at ``after`` times."""

    def __init__(self, **after: int) -> None:
        self.after = {f"probe#{reader}": looks for reader, looks in after.items()}
        self.items: dict[str, int] = {}

    def answer(self, operation: str, asked: dict[str, dict[str, dict[str, str]]]) -> object:
        """Return the answer to one of DynamoDB's operations."""
        feed = (asked.get("Item") or asked["Key"])["feed"]["S"]
        if operation == "PutItem":
            self.items[feed] = 0
        elif operation == "DeleteItem":
            del self.items[feed]
        elif feed in self.items:
            self.items[feed] += 1
            if self.items[feed] <= self.after[feed]:
                return {"Item": asked["Key"]}
            del self.items[feed]
        return {}

    def handler(self) -> type[BaseHTTPRequestHandler]:
        """Return the handler of its API."""
        table = self

        class Handler(QuietHandler):
            def do_POST(self) -> None:
                operation = self.headers["x-amz-target"].partition(".")[2]
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                content = json.dumps(table.answer(operation, asked)).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

        return Handler


def wait(table: Changes) -> str:
    """Run the wait and return what it says."""
    with LoopbackServer(table.handler()) as api:
        environment = {
            "ALERTA_DEPLOY_PACE": "0.0005",
            "AWS_ENDPOINT_URL": api.url,
            "AWS_REGION": REGION,
            "NODE_NO_WARNINGS": "1",
        }
        done = subprocess.run(
            ["node", "-e", DRIVER],
            cwd=ROOT,
            env=clean_environment() | environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(("broadcast", "relay"), [(0, 0), (1, 20), (20, 1)])
def test_both_readers_are_waited_for(broadcast: int, relay: int) -> None:
    table = Changes(broadcast=broadcast, relay=relay)

    told = wait(table)

    assert "la prueba volvió en" in told
    assert "the probe came back in" in told
    assert ("Waiting until Lambda reads the stream" in told) is (max(broadcast, relay) > 15)
    assert not table.items


def test_a_reader_that_stays_silent_is_named_and_leaves_no_probe() -> None:
    table = Changes(broadcast=0, relay=10_000)

    told = wait(table)

    assert "Lambda no leyó el stream de cambios (relay)" in told
    assert "Lambda has not read the stream of changes in 10 minutes (relay)" in told
    assert not table.items
