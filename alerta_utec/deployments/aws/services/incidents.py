"""The store of incidents, and the limit on submissions to it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from alerta_utec.adapters.aws.dynamodb.incidents import DynamoIncidents
from alerta_utec.adapters.aws.dynamodb.rates import DynamoRateLimits
from alerta_utec.adapters.aws.dynamodb.table_names import IncidentTables
from alerta_utec.adapters.clock import SystemClock
from alerta_utec.app.limits import SHARED, CallerLimit, SubmitLimit
from alerta_utec.ports.metrics import NO_METRICS, Metrics

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def incident_store(
    dynamodb: "DynamoDBClient", environment: Mapping[str, str], metrics: Metrics = NO_METRICS
) -> DynamoIncidents:
    """Return the store (``INCIDENTS_TABLE`` and those of ``CHANGES``, ``KEYS`` and ``INBOX``)."""
    names = (environment[f"{name}_TABLE"] for name in ("INCIDENTS", "CHANGES", "KEYS", "INBOX"))
    return DynamoIncidents(dynamodb, IncidentTables(*names), metrics=metrics)


def submit_limit(dynamodb: "DynamoDBClient", environment: Mapping[str, str]) -> SubmitLimit:
    """Return the limit of each caller (``KEYS_TABLE``)."""
    limits = DynamoRateLimits(dynamodb, environment["KEYS_TABLE"])
    return CallerLimit(limits, SystemClock(), shared=SHARED)
