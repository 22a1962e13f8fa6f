"""The throw-away stage: deployed and removed by the framework, and its addresses."""

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3

SERVICE = "alerta-utec-realtime"
# Of the default in deploy/parameters.js, the stage that may go without sign-in besides dev.
STAGE = "proof"
# A first deployment takes some four minutes.
DEPLOY_S = 1800.0


class ProofFailed(Exception):
    """A step of the proof failed; the text says which, and what to do."""


@dataclass
class Stack:
    """The stage ``proof`` of one account and region, or of an emulator (``AWS_ENDPOINT_URL``)."""

    folder: Path
    params: Sequence[str] = ()
    stage: str = STAGE
    outputs: dict[str, str] = field(default_factory=dict)

    def check_account(self) -> None:
        """Check that there are credentials and a region, before anything is created.

        Raises:
            ProofFailed: with the way out.
        """
        try:
            boto3.client("sts").get_caller_identity()
        except Exception as error:  # credentials, region and network fail in many ways
            raise ProofFailed(
                f"No account answers ({type(error).__name__}: {error}). Give credentials and a "
                "region: aws configure, or AWS_PROFILE and AWS_REGION."
            ) from error

    def deploy(self) -> None:
        """Deploy the stage without sign-in; its tables are deleted with it."""
        given = ["auth=off", "dataPolicy=Delete", *self.params]
        self._run("deploy", *(f"--param={one}" for one in given))
        stacks = self.client("cloudformation").describe_stacks(StackName=self._name)
        outputs = stacks["Stacks"][0]["Outputs"]
        self.outputs = {item["OutputKey"]: item["OutputValue"] for item in outputs}

    def remove(self) -> None:
        """Remove the stage, and check that nothing of the stack is left.

        Raises:
            ProofFailed: the stack is still there; the text has the command that removes it.
        """
        self._run("remove")
        cloudformation = self.client("cloudformation")
        try:
            stacks = cloudformation.describe_stacks(StackName=self._name)["Stacks"]
        except cloudformation.exceptions.ClientError:
            return  # an unknown stack is a ValidationError
        if stacks and stacks[0]["StackStatus"] != "DELETE_COMPLETE":
            raise ProofFailed(
                f"The stack {self._name} is still there: node_modules/.bin/osls remove --stage "
                f"{self.stage}"
            )

    @property
    def web_socket_url(self) -> str:
        """The URL of the WebSocket API."""
        if _endpoint():
            return self.outputs["ManagementEndpoint"].replace("http", "ws", 1)
        return self.outputs["WebSocketUrl"]

    @property
    def http_url(self) -> str:
        """The URL of the HTTP API."""
        if endpoint := _endpoint():
            return f"{endpoint}/_aws/execute-api/{self.outputs['HttpApiId']}/$default"
        return self.outputs["HttpUrl"]

    @property
    def region(self) -> str:
        """The region's name."""
        return str(boto3.session.Session().region_name)

    def set_concurrency(self, function: str, reserved: int | None) -> None:
        """Reserve a number of concurrent executions for a function; ``None``: as before."""
        functions, name = self.client("lambda"), f"{self._name}-{function}"
        if reserved is None:
            functions.delete_function_concurrency(FunctionName=name)
        else:
            functions.put_function_concurrency(
                FunctionName=name, ReservedConcurrentExecutions=reserved
            )

    def client(self, service: str) -> Any:
        """Return a client of the AWS SDK."""
        return boto3.client(service)  # type: ignore[call-overload]

    @property
    def _name(self) -> str:
        return f"{SERVICE}-{self.stage}"

    def _run(self, command: str, *options: str) -> None:
        framework = self.folder / "node_modules" / ".bin" / "osls"
        if not framework.exists():
            framework = Path("node_modules/.bin/osls").resolve()
        done = subprocess.run(
            [framework, command, "--stage", self.stage, *options],
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=DEPLOY_S,
            check=False,
        )
        if done.returncode:
            written = (done.stdout + done.stderr)[-4000:]
            raise ProofFailed(f"osls {command} --stage {self.stage}:\n{written}")


def _endpoint() -> str | None:
    return os.environ.get("AWS_ENDPOINT_URL")
