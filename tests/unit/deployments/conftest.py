"""The fixture of the handlers over fakes."""

from tests.unit.handlers.conftest import world  # noqa: F401 (a fixture)
