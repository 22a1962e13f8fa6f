"""The whole service, deployed on the emulated AWS by the framework that deploys it on AWS."""

import functools
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import boto3
from botocore.config import Config

from tests.support.emulator import REGION, ROOT, Emulator, clean_environment

NODE_BIN = Path(os.environ.get("NODE_BIN") or ROOT / "node_modules" / ".bin")
OSLS = NODE_BIN / "osls"
STACK = "alerta-utec-realtime"
DEPLOY_S = 300.0
# The parts of a checkout that a deployment needs.
CHECKOUT = ("serverless.yml", "deploy", "src", "alerta_utec", "requirements.txt", "package.json")


class DeployFailed(Exception):
    """The framework failed; the text is what it wrote."""


def checkout(folder: Path) -> Path:
    """Copy the checkout to ``folder``, clean; only the packed wheels are shared with it."""
    build = ROOT / ".build"
    build.mkdir(exist_ok=True)
    folder.mkdir(parents=True)
    for name in CHECKOUT:
        source, target = ROOT / name, folder / name
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    (folder / ".build").symlink_to(build)
    return folder


def framework_settings(folder: Path) -> dict[str, str]:
    """Return the variables with which the framework runs in ``folder``."""
    return {
        "ALERTA_PYTHON": sys.executable,
        "CI": "1",
        "HOME": str(folder),
        "NODE_NO_WARNINGS": "1",
        # Its compiled schema: without it, each run takes some seconds more.
        "SLS_SCHEMA_CACHE_BASE_DIR": str(ROOT / ".build"),
        "SLS_AWS_MONITORING_FREQUENCY": "250",
        # The plugin's own waits, which are for AWS's quotas and delays.
        "ALERTA_DEPLOY_PACE": "0.02",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def osls(folder: Path, *arguments: str, environment: dict[str, str] | None = None) -> str:
    """Run the framework in ``folder`` and return its output.

    Raises:
        DeployFailed.
    """
    done = subprocess.run(
        [str(OSLS), *arguments],
        cwd=folder,
        env=clean_environment() | framework_settings(folder) | (environment or {}),
        capture_output=True,
        text=True,
        timeout=DEPLOY_S,
        check=False,
    )
    written = done.stdout + done.stderr
    if done.returncode:
        raise DeployFailed(f"osls {' '.join(arguments)}:\n{written}")
    return written


class Deployment:
    """``with Deployment(emulator, folder) as deployment:`` — there inside the block.

    ``create()`` alone leaves it to the end of the emulator, which is faster; ``written`` is
    what the framework wrote then.
    """

    def __init__(self, emulator: Emulator, folder: Path, *, stage: str = "dev") -> None:
        self.emulator = emulator
        self.stage = stage
        self._folder = folder
        self._credentials: dict[str, str] = {}
        self.written = ""
        self.outputs: dict[str, str] = {}

    def create(self, **params: str) -> Self:
        """Deploy for the first time."""
        checkout(self._folder)
        try:
            self.written = self.deploy(**params)
        except DeployFailed as error:
            raise DeployFailed(f"{error}\n{self.emulator.log[-4000:]}") from error
        return self

    def deploy_as(self, policy: str) -> Self:
        """From now on, deploy as a user who has this policy and no other."""
        iam = self.client("iam")
        iam.create_user(UserName="deployer")
        iam.put_user_policy(UserName="deployer", PolicyName="deploy", PolicyDocument=policy)
        key = iam.create_access_key(UserName="deployer")["AccessKey"]
        self._credentials = {
            "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
        }
        return self

    def __enter__(self) -> Self:
        return self.create()

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.remove()

    def deploy(self, **params: str) -> str:
        """Deploy, or deploy again, and return the framework's output."""
        written = self.run("deploy", *self.options(**params))
        stacks = self.client("cloudformation").describe_stacks(StackName=f"{STACK}-{self.stage}")
        outputs = stacks["Stacks"][0]["Outputs"]
        self.outputs = {item["OutputKey"]: item["OutputValue"] for item in outputs}
        return written

    def options(self, **params: str) -> list[str]:
        """Return the options for a deployment on the emulator with these parameters."""
        # AWS's names resolve to AWS; ``${WebsocketsApi}`` is for CloudFormation to fill in.
        management = (
            f"{self.emulator.endpoint_url}/_aws/execute-api/${{WebsocketsApi}}/{self.stage}"
        )
        given = {
            "packageTarget": "host",
            "managementEndpoint": management,
            # Receivers of tests are on loopback.
            "webhookAllowPrivate": "loopback",
            # All tests of a session share the topic: no limit may hold their e-mails.
            "mailLimit": "1000",
        } | params
        if self.stage != "dev":
            # Only dev runs without sign-in.
            given = {"auth": "jwt", "authSecret": "s" * 32} | given
        return [f"--param={name}={value}" for name, value in given.items()]

    def remove(self) -> None:
        """Remove the stack; retained tables stay."""
        self.run("remove")

    @functools.cache  # noqa: B019 (as many as there are services; a deployment lives for a session)
    def client(self, service: str) -> Any:
        """Return a client of the AWS SDK for the emulated AWS."""
        return boto3.client(
            service,  # type: ignore[call-overload]
            endpoint_url=self.emulator.endpoint_url,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}),
        )

    @property
    def ws_url(self) -> str:
        """Return the URL of the WebSocket API."""
        return self.management_url.replace("http://", "ws://")

    @property
    def management_url(self) -> str:
        """Return the URL of ``@connections``."""
        return self.outputs["ManagementEndpoint"]

    @property
    def http_url(self) -> str:
        """Return the URL of the HTTP API."""
        return f"{self.emulator.endpoint_url}/_aws/execute-api/{self.outputs['HttpApiId']}/$default"

    def function(self, name: str) -> str:
        """Return the full name of one of serverless.yml's functions."""
        return f"{STACK}-{self.stage}-{name}"

    def run(self, command: str, *options: str) -> str:
        """Run one of the framework's commands on this stage and return its output."""
        environment = self.emulator.environment | self._credentials
        return osls(self._folder, command, *options, "--stage", self.stage, environment=environment)
