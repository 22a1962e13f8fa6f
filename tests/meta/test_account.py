"""What a deployment says of an account's number of Lambdas, before it creates anything."""

import json
import subprocess
from http.server import BaseHTTPRequestHandler

import pytest

from tests.support.emulator import REGION, ROOT, clean_environment
from tests.support.loopback import LoopbackServer, QuietHandler

DRIVER = """
const { buildClientConfig } = require('osls/lib/aws/config');
const { checkAccount } = require('./deploy/account');
const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
checkAccount({
  serverless: { config: { serverlessPath: require.resolve('osls/lib/serverless') } },
  provider: {
    getAwsSdkV3Config: async () => buildClientConfig({ credentials }),
    getRegion: () => process.env.AWS_REGION,
  },
  settings: { parameters: JSON.parse(process.argv[1]) },
  log: { warning: (text) => console.log(text) },
  fail: (text) => new Error(text),
}).catch((error) => { console.error(error.message); process.exit(1); });
"""
WAY_OUT = (
    "aws service-quotas request-service-quota-increase --region us-east-1 "
    "--service-code lambda --quota-code L-B99A9384 --desired-value 1000"
)


def account_of(limit: int) -> type[BaseHTTPRequestHandler]:
    """Return the handler of a Lambda API whose account runs ``limit`` functions at once."""
    answer = {"AccountLimit": {"ConcurrentExecutions": limit}, "AccountUsage": {}}

    class Handler(QuietHandler):
        def do_GET(self) -> None:
            assert "/account-settings" in self.path
            content = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    return Handler


def check(limit: int, *, maximum: int = 2, reserved: int = 0) -> tuple[int, str]:
    """Return the exit status and the output of the check."""
    parameters = {"maximumConcurrency": maximum, "reservedConcurrency": reserved}
    with LoopbackServer(account_of(limit)) as api:
        environment = {"AWS_ENDPOINT_URL": api.url, "AWS_REGION": REGION, "NODE_NO_WARNINGS": "1"}
        done = subprocess.run(
            ["node", "-e", DRIVER, json.dumps(parameters)],
            cwd=ROOT,
            env=clean_environment() | environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    return done.returncode, done.stdout + done.stderr


def test_a_new_account_is_deployed_to_with_a_warning_and_the_way_to_more() -> None:
    status, told = check(10)

    assert status == 0
    assert "La cuenta ejecuta solo 10 Lambdas a la vez" in told
    assert "The account runs only 10 Lambdas at once" in told
    assert WAY_OUT in told


@pytest.mark.parametrize(("limit", "maximum"), [(10, 3), (99, 5)])
def test_more_broadcasting_lambdas_than_a_new_account_has_are_refused(
    limit: int, maximum: int
) -> None:
    status, told = check(limit, maximum=maximum)

    assert status == 1
    assert f"ejecuta {limit} Lambdas a la vez, y maximumConcurrency={maximum}" in told
    assert f"runs {limit} Lambdas at once, and maximumConcurrency={maximum}" in told
    assert WAY_OUT in told


@pytest.mark.parametrize(
    ("limit", "reserved", "status"),
    [(1000, 450, 0), (1000, 451, 1), (100, 1, 1), (10, 1, 1), (100, 0, 0)],
)
def test_a_reserve_has_to_leave_100_lambdas_unreserved(
    limit: int, reserved: int, status: int
) -> None:
    found, told = check(limit, reserved=reserved)

    assert found == status
    assert ("reservedConcurrency" in told) is (status == 1)
    assert (WAY_OUT in told) is (status == 1)


def test_a_usual_account_is_not_spoken_of() -> None:
    assert check(1000, maximum=5) == (0, "")
