"""Tables on the emulator for the wing's AWS adapters, and a client whose requests can be lost."""

from tests.contract.aws import (  # noqa: F401 (fixtures)
    dynamodb,
    dynamodb_incidents,
    dynamodb_webhook_jobs,
    dynamodb_webhook_registry,
    emulator,
    incident_tables,
    lagging_dynamodb,
)
from tests.unit.adapters.aws.conftest import clock, wire  # noqa: F401 (fixtures)
