"""Fixtures that the fault tests share."""

import resource
from collections.abc import Iterator

import pytest

from tests.contract.mail_peers import SmtpPeer


@pytest.fixture
def many_files() -> Iterator[None]:
    """Raise the limit of open files for this process and the servers that it starts."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture
def peer() -> Iterator[SmtpPeer]:
    """Yield a mail server."""
    with SmtpPeer() as listening:
        yield listening
