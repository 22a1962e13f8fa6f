"""The fixture of the handlers over fakes."""

from tests.unit.handlers.conftest import service  # noqa: F401 (a fixture)
