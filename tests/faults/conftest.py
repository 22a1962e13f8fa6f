"""What the fault tests share."""

import resource
from collections.abc import Iterator

import pytest

from tests.contract.mail_peers import SmtpPeer


@pytest.fixture
def many_files() -> Iterator[None]:
    """Let this process, and the servers that it starts, have as many files as it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture
def peer() -> Iterator[SmtpPeer]:
    """A mail server."""
    with SmtpPeer() as listening:
        yield listening
