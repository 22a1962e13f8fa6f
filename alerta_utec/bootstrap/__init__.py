"""What joins adapters to ports: ``aws()`` for Lambda, ``local()`` for one machine.

Each home is imported only when it is asked for, so that a Lambda loads no server and the
server no AWS SDK.
"""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alerta_utec.bootstrap.aws_home import AwsHome
    from alerta_utec.bootstrap.local_home import LocalHome, LocalSettings


def aws(environment: Mapping[str, str] = os.environ) -> "AwsHome":
    """The handlers over DynamoDB, ``@connections`` and SNS, each built when first used.

    Raises:
        KeyError: an environment variable that a handler needs is not set.
    """
    from alerta_utec.bootstrap.aws_home import AwsHome

    return AwsHome(environment)


def local(settings: "LocalSettings") -> "LocalHome":
    """The whole service on one machine, not started yet."""
    from alerta_utec.bootstrap.local_home import LocalHome

    return LocalHome(settings)
