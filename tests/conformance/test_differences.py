"""Every entry of the list of differences is asserted by a test."""

import re
from pathlib import Path

from tests.conformance import differences

LISTS = {"local": differences.LOCAL, "emulator": differences.EMULATOR}


def test_each_difference_is_asserted_by_a_test_and_each_name_is_listed() -> None:
    sources = [path.read_text() for path in Path(__file__).parent.glob("test_*.py")]

    asked = {name for text in sources for name in re.findall(r'\.differs\("(\w+)"\)', text)}

    assert asked == {name for listed in LISTS.values() for name in listed}


def test_each_difference_has_a_reason() -> None:
    reasons = [reason for listed in LISTS.values() for reason in listed.values()]

    assert all(reason.endswith(".") and len(reason) > 20 for reason in reasons)
