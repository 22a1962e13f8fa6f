"""The fixtures that the wing's tests share with the kernel's."""

from tests.unit.handlers.conftest import service  # noqa: F401 (a fixture)
