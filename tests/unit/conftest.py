"""What the unit tests share."""

from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.support.temporary_store import TemporaryStore

# Property tests have as much time as they need: other work may share the processors.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


@pytest.fixture(autouse=True)
def _temporary_stores() -> Iterator[None]:
    """Close the temporary stores of each test."""
    yield
    TemporaryStore.close_all()
