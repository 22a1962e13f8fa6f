"""The IAM policy for deploying covers what CloudFormation and the plugin do, and little more."""

import fnmatch
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from tests.meta.conftest import Packaged
from tests.support.emulator import REGION, ROOT

POLICY: dict[str, Any] = json.loads((ROOT / "deploy" / "deployer-policy.json").read_text())
# An IAM managed policy without whitespace (IAM user guide, "IAM and STS character quotas").
POLICY_MAX_CHARS = 6144
# What CloudFormation's handlers may need for features that the template does not use: keys of
# one's own, networks, replicas and imports of tables, tables of S3, code signing …
UNUSED = (
    *(
        "kms:*",
        "ec2:*",
        "elasticfilesystem:*",
        "s3files:*",
        "s3tables:*",
        "kinesis:*",
        "firehose:*",
    ),
    *(
        "dynamodb:*Replica",
        "dynamodb:*Import*",
        "dynamodb:*ResourcePolicy",
        "dynamodb:BatchWriteItem",
    ),
    *(
        "dynamodb:Query",
        "dynamodb:Scan",
        "dynamodb:UpdateItem",
        "dynamodb:UpdateContributorInsights",
    ),
    *("dynamodb:*KinesisStreamingDestination", "iam:*RolePermissionsBoundary"),
    *("lambda:*CodeSigning*", "lambda:GetLayerVersion", "lambda:PassCapacityProvider"),
    *("logs:*DataProtectionPolicy", "logs:*IndexPolicy", "logs:*KmsKey", "logs:*BearerToken*"),
    *("logs:PutLogGroupDeletionProtection", "logs:CreateLogStream", "logs:DescribeLogStreams"),
    *("logs:PutLogEvents", "logs:DeleteResourcePolicy", "s3:REST.*", "sns:PutDataProtectionPolicy"),
    *("apigateway:TagResource", "apigateway:UntagResource"),  # IAM knows these as PUT and DELETE
)
# What the plugin and the framework call themselves.
CALLED = (
    *(
        "apigateway:GET",
        "apigateway:PATCH",
        "iam:CreateRole",
        "iam:AttachRolePolicy",
        "iam:GetRole",
    ),
    *(
        "lambda:GetAccountSettings",
        "sns:Subscribe",
        "dynamodb:DescribeTable",
        "dynamodb:UpdateTable",
    ),
    *(
        "dynamodb:PutItem",
        "dynamodb:GetItem",
        "dynamodb:DeleteItem",
        "cloudformation:DescribeStacks",
    ),
    *("cloudformation:CreateStack", "cloudformation:UpdateStack", "cloudformation:DeleteStack"),
    *("cloudformation:DescribeStackEvents", "cloudformation:ListStackResources"),
    *("cloudformation:CreateChangeSet", "cloudformation:ExecuteChangeSet"),
    *("cloudformation:ValidateTemplate", "s3:PutObject", "s3:ListBucket", "s3:DeleteObject"),
    *(f"secretsmanager:{name}Secret" for name in ("Create", "Restore", "Delete")),
    *("secretsmanager:PutSecretValue", "secretsmanager:ListSecretVersionIds"),
)
# Data of the service, which a deployment has no business with.
DATA = (
    *("dynamodb:Scan", "dynamodb:Query", "dynamodb:UpdateItem", "secretsmanager:GetSecretValue"),
    *("sqs:ReceiveMessage", "sqs:SendMessage", "sns:Publish", "logs:GetLogEvents"),
)


def allows(action: str) -> bool:
    """Return whether a statement allows the action on some resource."""
    patterns = [pattern for one in POLICY["Statement"] for pattern in _listed(one["Action"])]
    return any(fnmatch.fnmatch(action.lower(), pattern.lower()) for pattern in patterns)


def needed(kind: str) -> Iterator[str]:
    """Yield the permissions of CloudFormation's handlers for a type of resource."""
    handlers = PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, kind).schema["handlers"]
    for name in ("create", "read", "update", "delete"):
        yield from handlers.get(name, {}).get("permissions", [])


def test_it_covers_every_type_of_resource_in_the_template(packaged: Packaged) -> None:
    kinds = {one["Type"] for one in packaged.template["Resources"].values()}
    kinds |= {"AWS::SNS::Subscription", "AWS::ApiGatewayV2::DomainName"}
    kinds |= {"AWS::ApiGatewayV2::ApiMapping"}

    missing = {
        (kind, action)
        for kind in kinds
        for action in needed(kind)
        if not allows(action) and not any(fnmatch.fnmatch(action, one) for one in UNUSED)
    }
    assert missing == set()


@pytest.mark.parametrize("action", CALLED)
def test_it_covers_what_the_plugin_and_the_framework_call(action: str) -> None:
    assert allows(action)


@pytest.mark.parametrize("action", DATA)
def test_it_reads_no_data_of_the_service(action: str) -> None:
    assert not allows(action)


def test_items_of_a_table_are_probes_only() -> None:
    (statement,) = (one for one in POLICY["Statement"] if "dynamodb:GetItem" in one["Action"])

    assert statement["Condition"] == {
        "ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["probe#*"]}
    }


def test_the_names_that_the_template_gives_are_within_it(packaged: Packaged) -> None:
    named = {
        "AWS::Lambda::Function": ("FunctionName", "arn:aws:lambda:r:1:function:"),
        "AWS::SNS::Topic": ("TopicName", "arn:aws:sns:r:1:"),
        "AWS::Logs::LogGroup": ("LogGroupName", "arn:aws:logs:r:1:log-group:"),
    }
    patterns = {pattern for one in POLICY["Statement"] for pattern in _listed(one["Resource"])}

    for kind, (name, prefix) in named.items():
        for resource in packaged.of_type(kind).values():
            given = resource["Properties"][name]
            text = prefix + str(given["Fn::Sub"] if isinstance(given, dict) else given)
            assert any(fnmatch.fnmatch(text, one) for one in patterns - {"*"}), text


def test_iam_takes_it_as_a_managed_policy() -> None:
    assert len(re.sub(r"\s", "", json.dumps(POLICY))) <= POLICY_MAX_CHARS


def _listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]
