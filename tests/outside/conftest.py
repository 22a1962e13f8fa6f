"""The tests of proxies that this machine does not have are left out, which pytest's head says."""

from tests.support import proxies

collect_ignore = ["test_proxies.py"] if proxies.missing() else []


def pytest_report_header() -> list[str]:
    """Say which tests are left out."""
    return [f"left out: the tests of proxies, for want of {name}" for name in proxies.missing()]
