"""What joins adapters to ports: ``aws_handlers()`` on AWS, ``local_service()`` on one machine.

Each home is imported only when it is asked for, so that a Lambda loads no server and the
server no AWS SDK.
"""

import gc
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alerta_utec.deployments.aws.handlers import AwsHome
    from alerta_utec.deployments.aws.redrive import RedriveHome
    from alerta_utec.deployments.local.service import LocalHome
    from alerta_utec.deployments.local.settings import LocalSettings


def aws_handlers(environment: Mapping[str, str] = os.environ) -> "AwsHome":
    """The handlers over DynamoDB, ``@connections`` and SNS, each built when first used.

    Raises:
        KeyError: an environment variable that a handler needs is not set.
    """
    # What is loaded from here on stays: looking for garbage among it takes a tenth of a cold
    # start. ``AwsHome`` turns it on again, once the handler is built.
    gc.disable()
    from alerta_utec.deployments.aws.handlers import AwsHome

    return AwsHome(environment)


def redrive(
    stack: str, *, region: str | None, queue: str | None = None, dry_run: bool = False
) -> "RedriveHome":
    """A deployed stack, ready to be sent again from; see ``aws_redrive.connect``.

    Raises:
        ModuleNotFoundError: the AWS SDK is not installed.
        NotFound, Unauthorized, Unavailable, Internal.
    """
    from alerta_utec.deployments.aws.redrive import connect

    return connect(stack, region=region, queue=queue, dry_run=dry_run)


def local_service(settings: "LocalSettings") -> "LocalHome":
    """The whole service on one machine, not started yet."""
    from alerta_utec.deployments.local.service import LocalHome

    return LocalHome(settings)


def backup(data: Path, target: Path, progress: Callable[[int, int], None] | None = None) -> None:
    """Copy the store in ``data`` to the file ``target``, also while it is being served.

    ``progress`` is told how many of how many pages are done.
    """
    from alerta_utec.adapters.sqlite.backup import backup as copy

    copy(data, target, progress)


def restore(data: Path, source: Path) -> None:
    """Replace the store in ``data`` by the backup ``source``; it begins a new epoch."""
    from alerta_utec.adapters.sqlite.backup import restore as put_back

    put_back(data, source)
