"""What a deployed stack is made of, for commands that work on it from outside."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from botocore.exceptions import ClientError, NoCredentialsError, PartialCredentialsError

from alerta_utec.adapters.aws import clients
from alerta_utec.adapters.aws.errors import code, translated
from alerta_utec.domain.errors import NotFound, Unauthorized


def outputs(name: str) -> Mapping[str, str]:
    """The outputs of the CloudFormation stack ``name``.

    Raises:
        NotFound: there is no such stack in this account and region.
        Unauthorized: there are no credentials, or they are not accepted.
        Unavailable, Internal: as ``translated``.
    """
    with _asking("DescribeStacks", name):
        stacks = clients.cloudformation().describe_stacks(StackName=name)["Stacks"]
    listed = stacks[0].get("Outputs", [])
    return {one["OutputKey"]: one["OutputValue"] for one in listed}


def rules(name: str) -> str:
    """Return the notification rules of the stack ``name``, packed as in its zip; "" without any.

    Raises:
        As ``outputs``.
    """
    with _asking("DescribeStackResource", name):
        topic = clients.cloudformation().describe_stack_resource(
            StackName=name, LogicalResourceId="Alarms"
        )["StackResourceDetail"]
    metadata = json.loads(topic.get("Metadata") or "{}")
    return json.dumps(metadata["Routes"]) if "Routes" in metadata else ""


@contextmanager
def _asking(operation: str, name: str) -> Iterator[None]:
    with translated(operation):
        try:
            yield
        except (NoCredentialsError, PartialCredentialsError) as error:
            raise Unauthorized(code(error)) from error
        except ClientError as error:
            if code(error) == "ValidationError":
                raise NotFound(name) from error
            if code(error) in _NOT_ACCEPTED:
                raise Unauthorized(code(error)) from error
            raise


_NOT_ACCEPTED = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "ExpiredToken",
        "InvalidClientTokenId",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
