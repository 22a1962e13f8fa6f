"""The fixtures that the wing's tests share."""

import pytest

from tests.unit.handlers.conftest import service  # noqa: F401 (a fixture)
from tests.unit.webhooks.rig import Rig


@pytest.fixture
def rig() -> Rig:
    return Rig()
