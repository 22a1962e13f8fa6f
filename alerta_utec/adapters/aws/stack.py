"""What a deployed stack is made of, for commands that work on it from outside."""

from collections.abc import Mapping

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
    with translated("DescribeStacks"):
        try:
            stacks = clients.cloudformation().describe_stacks(StackName=name)["Stacks"]
        except (NoCredentialsError, PartialCredentialsError) as error:
            raise Unauthorized(code(error)) from error
        except ClientError as error:
            if code(error) == "ValidationError":
                raise NotFound(name) from error
            if code(error) in _NOT_ACCEPTED:
                raise Unauthorized(code(error)) from error
            raise
    listed = stacks[0].get("Outputs", [])
    return {one["OutputKey"]: one["OutputValue"] for one in listed}


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
