"""A first deployment gives API Gateway a role for its logs, whatever the account's quotas."""

import json
import subprocess

import pytest

from tests.support.api_account import ACCOUNT, QUOTA_S, AccountApi, role_arn
from tests.support.emulator import REGION, ROOT, clean_environment

OURS = "serverlessApiGatewayCloudWatchRole"
PACE = 0.02  # of the real times
# Runs deploy/api_logs.js as the plugin does, with the framework's own clients.
DRIVER = """
const { buildClientConfig } = require('osls/lib/aws/config');
const { letApiGatewayLog } = require('./deploy/api_logs');
const told = (text) => console.log(text);
const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
letApiGatewayLog({
  serverless: { config: { serverlessPath: require.resolve('osls/lib/serverless') } },
  provider: {
    getAwsSdkV3Config: async (options) => buildClientConfig({ credentials, ...options }),
    getAccountInfo: async () => ({ partition: 'aws', accountId: process.env.ACCOUNT }),
  },
  log: { notice: told, warning: told },
  progress: { get: () => ({ notice: told, remove() {} }) },
}).catch((error) => { console.error(error.name); process.exit(1); });
"""


def let_log(api: AccountApi) -> "subprocess.CompletedProcess[str]":
    """Run the step against the stand-in."""
    environment = {
        "ACCOUNT": ACCOUNT,
        "ALERTA_DEPLOY_PACE": str(PACE),
        "AWS_ENDPOINT_URL": api.url,
        "AWS_REGION": REGION,
        "NODE_NO_WARNINGS": "1",
    }
    return subprocess.run(
        ["node", "-e", DRIVER],
        cwd=ROOT,
        env=clean_environment() | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("ready_s", [0.0, 8.0, 30.0])
def test_a_new_account_gets_a_role_within_its_quota(ready_s: float) -> None:
    with AccountApi(role_ready_s=ready_s, pace=PACE) as api:
        done = let_log(api)

    assert done.returncode == 0, done.stderr
    assert api.named == role_arn(OURS)
    # The quota refuses a repeat that comes too soon, and never lets it through.
    assert 429 not in api.updates


def test_a_quota_that_another_deployment_used_up_is_waited_for() -> None:
    with AccountApi(busy=True, pace=PACE) as api:
        done = let_log(api)

    assert done.returncode == 0, done.stderr
    assert api.named == role_arn(OURS)
    assert api.updates == [429, 200]
    assert "trying again in 21 s" in done.stdout
    assert "se repite en 21 s" in done.stdout


def test_a_role_that_is_never_accepted_fails_with_the_reason_of_api_gateway() -> None:
    with AccountApi(role_ready_s=100 * QUOTA_S, pace=PACE) as api:
        done = let_log(api)

    assert done.returncode == 1
    assert done.stderr.strip() == "BadRequestException"


def test_the_role_that_an_account_has_is_left_alone() -> None:
    with AccountApi(named=role_arn("theirs"), roles={"theirs"}) as api:
        done = let_log(api)

    assert done.returncode == 0, done.stderr
    assert api.named == role_arn("theirs")
    assert api.roles == {"theirs"}


def test_a_role_that_was_deleted_is_replaced_and_named() -> None:
    with AccountApi(named=role_arn("deleted"), pace=PACE) as api:
        done = let_log(api)

    assert done.returncode == 0, done.stderr
    assert api.named == role_arn(OURS)
    assert f"ya no existe ({role_arn('deleted')})" in done.stdout
    assert f"no longer exists ({role_arn('deleted')})" in done.stdout


def test_the_new_role_trusts_api_gateway_for_this_account_only() -> None:
    with AccountApi(pace=PACE) as api:
        let_log(api)

    (statement,) = json.loads(api.trust)["Statement"]
    assert statement["Principal"] == {"Service": "apigateway.amazonaws.com"}
    assert statement["Condition"] == {"StringEqualsIfExists": {"aws:SourceAccount": ACCOUNT}}
