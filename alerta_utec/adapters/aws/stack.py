"""The settings of a deployed stack, for commands that work on it from outside."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from botocore.exceptions import ClientError, NoCredentialsError, PartialCredentialsError

from alerta_utec.adapters.aws import clients
from alerta_utec.adapters.aws.errors import code, translated
from alerta_utec.domain.errors import NotFound, Unauthorized


def outputs(name: str) -> Mapping[str, str]:
    """Return the outputs of the CloudFormation stack ``name``.

    Raises:
        NotFound: this account has no such stack in this region.
        Unauthorized: there are no credentials, or AWS refuses them.
        Unavailable, Internal: as ``translated``.
    """
    with _stack_call("DescribeStacks", name):
        stacks = clients.cloudformation().describe_stacks(StackName=name)["Stacks"]
    listed = stacks[0].get("Outputs", [])
    return {one["OutputKey"]: one["OutputValue"] for one in listed}


def rules(name: str) -> str:
    """Return the notification rules of the stack ``name``, packed as in its zip; "" without any.

    Raises:
        As ``outputs``.
    """
    with _stack_call("DescribeStackResource", name):
        topic = clients.cloudformation().describe_stack_resource(
            StackName=name, LogicalResourceId="Alarms"
        )["StackResourceDetail"]
    metadata = json.loads(topic.get("Metadata") or "{}")
    return json.dumps(metadata["Routes"]) if "Routes" in metadata else ""


@contextmanager
def _stack_call(operation: str, name: str) -> Iterator[None]:
    with translated(operation):
        try:
            yield
        except (NoCredentialsError, PartialCredentialsError) as error:
            raise Unauthorized(code(error)) from error
        except ClientError as error:
            if code(error) == "ValidationError":
                raise NotFound(name) from error
            if code(error) in _REFUSED_CREDENTIALS:
                raise Unauthorized(code(error)) from error
            raise


_REFUSED_CREDENTIALS = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "ExpiredToken",
        "InvalidClientTokenId",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
