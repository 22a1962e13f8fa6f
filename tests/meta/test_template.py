"""The stack's resources, read from the template that the framework writes."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from alerta_utec.webhooks.aws.registry import WITHOUT_SECRETS
from tests.meta.conftest import Packaged, package

# A resource of the stack, or a secret of its stage.
THIS_STACK = re.compile(
    r"Fn::GetAtt|\$\{\w+\.Arn\}|\$\{WebsocketsApi\}|\"Ref\"|:secret:alerta-utec-realtime/dev/"
)


def test_every_function_has_a_role_of_its_own(packaged: Packaged) -> None:
    functions = packaged.of_type("AWS::Lambda::Function")
    roles = [function["Properties"]["Role"]["Fn::GetAtt"][0] for function in functions.values()]

    assert len(set(roles)) == len(functions)
    assert set(roles) == set(packaged.of_type("AWS::IAM::Role"))


def test_no_permission_extends_beyond_this_stack(packaged: Packaged) -> None:
    for role, statement in _statements(packaged):
        actions = _listed(statement["Action"])
        assert not [action for action in actions if "*" in action], role
        for resource in _listed(statement["Resource"]):
            text = json.dumps(resource)
            assert THIS_STACK.search(text), role
            wild = text.count("*")
            # A connection's id is not known beforehand; everything else is.
            assert wild == (1 if actions == ["execute-api:ManageConnections"] else 0), (role, text)


def test_connections_are_managed_on_this_api_and_stage_only(packaged: Packaged) -> None:
    managed = {
        resource["Fn::Sub"].split(":")[-1]
        for _, statement in _statements(packaged)
        for resource in _listed(statement["Resource"])
        if statement["Action"] == "execute-api:ManageConnections"
    }

    assert managed == {
        "${WebsocketsApi}/dev/POST/@connections/*",
        "${WebsocketsApi}/dev/GET/@connections/*",
        "${WebsocketsApi}/dev/DELETE/@connections/*",
    }


def test_only_this_services_apis_and_schedules_can_call_its_functions(packaged: Packaged) -> None:
    schedules = (
        f'["{name}EventsRuleSchedule1", "Arn"]'
        for name in ("Broadcast", "Notify", "Remind", "Alarm", "Subscriptions")
    )
    ours = ("${WebsocketsApi}/*", '{"Ref": "HttpApi"}', *schedules)
    for name, permission in packaged.of_type("AWS::Lambda::Permission").items():
        source = json.dumps(permission["Properties"]["SourceArn"])
        assert any(caller in source for caller in ours), name


def test_a_run_of_the_schedule_that_failed_is_not_repeated(packaged: Packaged) -> None:
    attempts = {
        one["Properties"]["FunctionName"]["Ref"]: one["Properties"]["MaximumRetryAttempts"]
        for one in packaged.of_type("AWS::Lambda::EventInvokeConfig").values()
    }
    scheduled = {
        target["Arn"]["Fn::GetAtt"][0]
        for rule in packaged.of_type("AWS::Events::Rule").values()
        for target in rule["Properties"]["Targets"]
    }

    assert len(scheduled) == 5
    assert attempts == dict.fromkeys(scheduled, 0)


def test_the_framework_adds_no_lambda_of_its_own(packaged: Packaged) -> None:
    handlers = {
        function["Properties"]["Handler"]
        for function in packaged.of_type("AWS::Lambda::Function").values()
    }

    assert all(handler.startswith("src/") for handler in handlers)


def test_the_functions_runtime_matches_the_wheels(packaged: Packaged) -> None:
    for function in packaged.of_type("AWS::Lambda::Function").values():
        assert function["Properties"]["Runtime"] == "python3.13"
        assert function["Properties"]["Architectures"] == ["arm64"]


def test_functions_behind_api_gateway_end_within_its_timeout(packaged: Packaged) -> None:
    called = (
        *("Broadcast", "Relay", "Fanout", "Alarm", "Webhooks", "Webhook", "Remind"),
        "Subscriptions",
    )
    others = {f"{name}LambdaFunction" for name in called}
    for name, function in packaged.of_type("AWS::Lambda::Function").items():
        if name not in others:
            assert function["Properties"]["Timeout"] <= 29, name


def test_logs_expire_and_hold_no_bodies_tokens_or_query_strings(packaged: Packaged) -> None:
    stages = packaged.of_type("AWS::ApiGatewayV2::Stage")

    for name, stage in stages.items():
        named = set(
            re.findall(r"\$context\.([\w.]+)", stage["Properties"]["AccessLogSettings"]["Format"])
        )
        assert named, name
        assert not {one for one in named if one.startswith(("authorizer", "path"))}, name
        settings = stage["Properties"]["DefaultRouteSettings"]
        assert settings.get("DataTraceEnabled", False) is False
        assert settings["DetailedMetricsEnabled"] is False
        assert settings["ThrottlingRateLimit"] > 0
        assert settings["ThrottlingBurstLimit"] > 0
    assert len(stages) == 2
    for name, group in packaged.of_type("AWS::Logs::LogGroup").items():
        assert group["Properties"]["RetentionInDays"] == 30, name


def test_the_functions_that_are_called_most_log_no_call_that_succeeds(packaged: Packaged) -> None:
    functions = packaged.of_type("AWS::Lambda::Function")
    quiet = {
        name.removesuffix("LambdaFunction")
        for name, one in functions.items()
        if one["Properties"].get("LoggingConfig", {}).get("SystemLogLevel") == "WARN"
    }

    assert quiet == {"Connect", "Disconnect", "Ping", "Sync", "Default"}
    for name in quiet:
        logging = functions[f"{name}LambdaFunction"]["Properties"]["LoggingConfig"]
        assert (logging["LogFormat"], logging["ApplicationLogLevel"]) == ("JSON", "INFO")


def test_tables_are_billed_by_use_encrypted_and_without_a_fixed_name(packaged: Packaged) -> None:
    tables = packaged.of_type("AWS::DynamoDB::Table")

    assert set(tables) == {
        *("Connections", "Incidents", "Changes", "Keys", "Inbox", "Deliveries", "Notices"),
        *("Webhooks", "WebhookJobs", "Credentials"),
    }
    for name, table in tables.items():
        assert table["Properties"]["BillingMode"] == "PAY_PER_REQUEST", name
        assert table["Properties"]["SSESpecification"] == {"SSEEnabled": True}, name
        assert "TableName" not in table["Properties"], name


def test_incidents_and_changes_outlive_the_stack_and_can_be_recovered(packaged: Packaged) -> None:
    tables = packaged.of_type("AWS::DynamoDB::Table")

    kept = {name for name, table in tables.items() if "DeletionPolicy" in table}
    assert kept == {"Incidents", "Changes"}
    for name in kept:
        assert tables[name]["DeletionPolicy"] == "RetainExceptOnCreate"
        assert tables[name]["UpdateReplacePolicy"] == "Retain"
        recovery = tables[name]["Properties"]["PointInTimeRecoverySpecification"]
        assert recovery == {"PointInTimeRecoveryEnabled": True}


def test_the_secrets_of_receivers_can_be_recovered(packaged: Packaged) -> None:
    webhooks = packaged.of_type("AWS::DynamoDB::Table")["Webhooks"]["Properties"]

    recovery = webhooks["PointInTimeRecoverySpecification"]
    assert recovery == {"PointInTimeRecoveryEnabled": True}


def test_every_queue_takes_requests_over_tls_only(packaged: Packaged) -> None:
    (policy,) = packaged.of_type("AWS::SQS::QueuePolicy").values()
    (statement,) = policy["Properties"]["PolicyDocument"]["Statement"]

    queues = {one["Ref"] for one in policy["Properties"]["Queues"]}
    assert queues == set(packaged.of_type("AWS::SQS::Queue"))
    assert (statement["Effect"], statement["Principal"]) == ("Deny", "*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_rows_that_expire_have_a_ttl(packaged: Packaged) -> None:
    tables = packaged.of_type("AWS::DynamoDB::Table")

    expiring = {
        name: table["Properties"]["TimeToLiveSpecification"]
        for name, table in tables.items()
        if "TimeToLiveSpecification" in table["Properties"]
    }
    setting = {"AttributeName": "expiresAt", "Enabled": True}
    assert expiring == dict.fromkeys(
        ("Connections", "Keys", "Inbox", "Notices", "WebhookJobs", "Credentials"), setting
    )


def test_only_functions_that_sign_can_read_the_secrets_of_webhooks(packaged: Packaged) -> None:
    table = {"Fn::GetAtt": ["Webhooks", "Arn"]}
    narrow = {
        "ForAllValues:StringEquals": {"dynamodb:Attributes": list(WITHOUT_SECRETS)},
        "StringEquals": {"dynamodb:Select": "SPECIFIC_ATTRIBUTES"},
    }

    found = [
        (role, statement.get("Condition"))
        for role, statement in _statements(packaged)
        if table in _listed(statement["Resource"])
    ]

    whole = [role for role, condition in found if condition is None]
    assert whole == ["WebhookapiRole", "WebhookRole"]
    assert [one for one in found if one[1] is not None] == [
        ("WebhooksRole", narrow),
        ("RemindRole", narrow),
    ]


def test_the_topic_of_dev_has_the_plain_name_and_is_encrypted(packaged: Packaged) -> None:
    topic = packaged.template["Resources"]["Alarms"]["Properties"]

    assert topic["TopicName"] == "alerta-utec-realtime-alarms"
    assert topic["KmsMasterKeyId"] == "alias/aws/sns"


def test_the_addresses_and_names_that_people_need_are_outputs(packaged: Packaged) -> None:
    outputs = packaged.template["Outputs"]

    assert {"WebSocketUrl", "HttpUrl", "ManagementEndpoint", "AlarmTopic"} <= outputs.keys()
    assert {"UndeliveredQueue", "UndeliveredInOrderQueue", "FanOutQueue"} <= outputs.keys()
    assert {"NotificationsQueue", "WebhookChangesQueue", "WebhookBellsQueue"} <= outputs.keys()
    assert {name for name in outputs if name.endswith("Table")} == {
        f"{table}Table" for table in packaged.of_type("AWS::DynamoDB::Table")
    }


# Only dev goes without sign-in.
SIGN_IN = ("--param=auth=jwt", "--param=authJwksUrl=https://ingreso.example.edu/keys")


@pytest.fixture(scope="module")
def other_stage(tmp_path_factory: pytest.TempPathFactory) -> Packaged:
    """Another stage with its own settings."""
    folder: Path = tmp_path_factory.mktemp("prod") / "checkout"
    settings = ("timezone=Europe/Madrid", "maximumConcurrency=5", "reservedConcurrency=50")
    given = [f"--param={setting}" for setting in settings]
    return package(folder, "--stage", "prod", *given, *SIGN_IN)


def test_another_stage_has_names_of_its_own(other_stage: Packaged) -> None:
    resources = other_stage.template["Resources"]

    assert resources["Alarms"]["Properties"]["TopicName"] == "alerta-utec-realtime-alarms-prod"
    sub = resources["NotifyLambdaFunction"]["Properties"]["Environment"]["Variables"]
    assert sub["MANAGEMENT_ENDPOINT"]["Fn::Sub"].endswith("/prod")


def test_the_timezone_setting_reaches_the_emails(packaged: Packaged, other_stage: Packaged) -> None:
    def timezone(one: Packaged) -> str:
        alarm = one.template["Resources"]["AlarmLambdaFunction"]["Properties"]
        return str(alarm["Environment"]["Variables"]["ALERTA_TIMEZONE"])

    assert timezone(packaged) == "America/Lima"
    assert timezone(other_stage) == "Europe/Madrid"


def test_lambdas_are_reserved_for_people_only_where_asked_for(
    packaged: Packaged, other_stage: Packaged
) -> None:
    def reserved(one: Packaged) -> dict[str, int]:
        functions = one.of_type("AWS::Lambda::Function")
        kept = {
            name: function["Properties"].get("ReservedConcurrentExecutions")
            for name, function in functions.items()
        }
        return {name: number for name, number in kept.items() if number is not None}

    assert reserved(packaged) == {}
    assert reserved(other_stage) == {"ConnectLambdaFunction": 50, "NotifyLambdaFunction": 50}


def test_the_number_of_lambdas_at_a_queue_is_a_setting(other_stage: Packaged) -> None:
    mappings = other_stage.of_type("AWS::Lambda::EventSourceMapping")
    scaling = {
        name.partition("EventSource")[0]: one["Properties"]["ScalingConfig"]["MaximumConcurrency"]
        for name, one in mappings.items()
        if "SQS" in name
    }

    # What is consumed in order gains nothing by more.
    assert scaling == {"Fanout": 5, "Webhook": 5, "Alarm": 2, "Webhooks": 2}


def _statements(packaged: Packaged) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, role in packaged.of_type("AWS::IAM::Role").items():
        for policy in role["Properties"]["Policies"]:
            for statement in policy["PolicyDocument"]["Statement"]:
                yield name, statement


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
