"""Tables on the emulator for the wing's AWS adapters, and a client whose requests can be lost."""

from tests.contract.aws import (  # noqa: F401 (fixtures)
    dynamodb,
    dynamodb_incidents,
    emulator,
    incident_tables,
)
from tests.unit.adapters.aws.conftest import clock, wire  # noqa: F401 (fixtures)
