"""The last step of every Lambda module: from a handler to the function that Lambda calls."""

from collections.abc import Callable
from typing import Any

from aws_lambda_powertools.logging import Logger

from alerta_utec.deployments.aws import cold_start

Handler = Callable[[Any, Any], Any]


def lambda_handler(handle: Handler) -> Handler:
    """Return ``handle`` with JSON logs, and end the cold start."""
    handler = _with_json_logs(handle)
    cold_start.end()
    return handler


def _with_json_logs(handle: Handler) -> Handler:
    """Write the records of the ``alerta_utec`` loggers to stdout as JSON.

    Each has the invocation's request id, and whether it was a cold start.
    """
    logger = Logger(service="alerta_utec", use_rfc3339=True, utc=True)
    logged: Handler = logger.inject_lambda_context(handle)
    return logged
