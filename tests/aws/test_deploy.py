"""The effects of ``osls deploy`` beyond the stack."""

import json
from pathlib import Path

import pytest

from tests.support.deployment import STACK, DeployFailed, Deployment
from tests.support.emulator import REGION
from tests.support.incidents import unique

NAMES = {
    "domain": "alerta.example.edu",
    "certificateArn": f"arn:aws:acm:{REGION}:123456789012:certificate/12345678-1234-1234",
}


def test_deploying_again_without_a_change_does_nothing(deployment: Deployment) -> None:
    written = deployment.deploy()

    assert "No changes to deploy" in written


def test_the_endpoint_is_printed(deployment: Deployment) -> None:
    assert f"wss://{deployment.outputs['WebSocketApiId']}." in deployment.written


def test_a_deployment_waits_until_both_readers_of_the_stream_read_it(
    deployment: Deployment,
) -> None:
    changes = deployment.outputs["ChangesTable"]
    feeds = {"probe#broadcast", "probe#relay"}
    left = deployment.client("dynamodb").scan(TableName=changes)["Items"]

    assert "Los cambios se difunden: la prueba volvió en" in deployment.written
    assert "Changes are broadcast: the probe came back in" in deployment.written
    assert not feeds & {item["feed"]["S"] for item in left}


def test_the_stack_has_tags_for_all_its_resources(deployment: Deployment) -> None:
    described = deployment.client("cloudformation").describe_stacks(StackName=f"{STACK}-dev")

    tags = {tag["Key"]: tag["Value"] for tag in described["Stacks"][0]["Tags"]}
    assert tags == {"service": "alerta-utec-realtime", "stage": "dev"}


def test_an_address_is_subscribed_at_once_and_a_deployment_without_it_keeps_it(
    deployment: Deployment,
) -> None:
    address, operator = f"{unique()}@example.org", f"{unique()}@example.org"

    written = deployment.deploy(email=address, operatorsEmail=operator)
    deployment.deploy(email=address, operatorsEmail=operator)
    deployment.deploy()

    for topic, expected in (("AlarmTopic", address), ("OperatorsTopic", operator)):
        assert f"{expected} suscrito" in written
        assert _subscribed(deployment, topic).count(expected) == 1


def test_an_invalid_address_is_refused_before_the_deployment(deployment: Deployment) -> None:
    with pytest.raises(DeployFailed, match=r"una dirección de correo / an e-mail address"):
        deployment.deploy(email="nobody")

    assert "nobody" not in _subscribed(deployment)


def test_api_gateway_is_given_a_role_to_write_logs_with(deployment: Deployment) -> None:
    account = deployment.client("apigateway").get_account()

    assert account["cloudwatchRoleArn"].endswith(":role/serverlessApiGatewayCloudWatchRole")


def test_an_existing_role_of_the_account_for_logs_is_kept(deployment: Deployment) -> None:
    gateway = deployment.client("apigateway")
    before = gateway.get_account()["cloudwatchRoleArn"]
    other = _create_role(deployment, "of-another-service")
    _set_log_role(gateway, other)

    written = deployment.deploy(email=f"{unique()}@example.org")
    after = gateway.get_account()["cloudwatchRoleArn"]
    _set_log_role(gateway, before)

    assert "deployed to stack" in written
    assert after == other


def test_a_removed_stage_keeps_its_incidents_and_can_be_made_again_and_removed_whole(
    deployment: Deployment, tmp_path: Path
) -> None:
    stage = Deployment(deployment.emulator, tmp_path / "checkout", stage="prueba")

    with stage:
        made = {name: table for name, table in stage.outputs.items() if name.endswith("Table")}
    protected = _protected(stage, made)
    kept = _tables(stage) & set(made.values())
    scheduled = _secret(stage)
    stage.deploy(dataPolicy="Delete", **NAMES)
    restored = _secret(stage)
    mapped = _mapped_names(stage)
    stage.remove()
    left = _tables(stage) & set(made.values())

    assert stage.outputs["AlarmTopic"].endswith(":alerta-utec-realtime-alarms-prueba")
    assert kept == {made["IncidentsTable"], made["ChangesTable"]}
    assert not left
    assert protected == {"IncidentsTable", "ChangesTable"}
    assert mapped == {"alerta.example.edu", "ws.alerta.example.edu"}
    assert "DeletedDate" in scheduled
    assert "DeletedDate" not in restored
    assert "DeletedDate" in _secret(stage)


def _subscribed(deployment: Deployment, topic: str = "AlarmTopic") -> list[str]:
    listed = deployment.client("sns").list_subscriptions_by_topic(
        TopicArn=deployment.outputs[topic]
    )
    return [one["Endpoint"] for one in listed["Subscriptions"]]


def _tables(deployment: Deployment) -> set[str]:
    return set(deployment.client("dynamodb").list_tables()["TableNames"])


def _create_role(deployment: Deployment, name: str) -> str:
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    iam = deployment.client("iam")
    return str(iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"])


def _mapped_names(stage: Deployment) -> set[str]:
    gateway = stage.client("apigatewayv2")
    names = {one["DomainName"] for one in gateway.get_domain_names()["Items"]}
    return {name for name in names if gateway.get_api_mappings(DomainName=name)["Items"]}


def _protected(stage: Deployment, tables: dict[str, str]) -> set[str]:
    describe = stage.client("dynamodb").describe_table
    there = {output: name for output, name in tables.items() if name in _tables(stage)}
    return {
        output
        for output, name in there.items()
        if describe(TableName=name)["Table"].get("DeletionProtectionEnabled")
    }


def _secret(stage: Deployment) -> dict[str, object]:
    name = f"{STACK}/{stage.stage}/authSecret"
    found: dict[str, object] = stage.client("secretsmanager").describe_secret(SecretId=name)
    return found


def _set_log_role(gateway: object, arn: str) -> None:
    operation = {"op": "replace", "path": "/cloudwatchRoleArn", "value": arn}
    gateway.update_account(patchOperations=[operation])  # type: ignore[attr-defined]
