"""A report can be followed through the logs, from its request to each of its deliveries."""

from collections.abc import Callable

import pytest

from tests.support.log_lines import captured
from tests.unit.deployments.trail import POSITION, REQUEST, WAYS, Trail


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_every_line_about_a_change_has_its_position_and_its_request(
    way: Callable[[Trail], None],
) -> None:
    with captured() as lines:
        way(Trail())

    assert {line["message"] for line in lines} == WAYS[way]
    for line in lines:
        # A digest is about several changes: each has a line of its own, email_sent.
        if line["message"] != "digest_sent":
            assert (line["position"], line["requestId"]) == (str(POSITION), REQUEST), line
