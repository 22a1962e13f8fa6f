"""Event sources that start late, as Lambda's do.

Lambda developer guide, "Create an event source mapping": "During event source mapping creation and
updates, it may take several minutes to start polling", and AWS's support names 90 s for an update.
Here it is some seconds (``EVENT_SOURCES_LATE_S``), and a fifth of that after an update.
"""

import os
import time
from collections.abc import Iterator
from typing import Any

from ministack.services import lambda_svc as service

LATE_S = float(os.environ.get("EVENT_SOURCES_LATE_S", "0"))
Source = tuple[str, str, dict[str, Any]]

_all = service._iter_all_esms
# When each version of an event source begins, by id and version.
_begins: dict[str, tuple[object, float]] = {}


def started() -> Iterator[Source]:
    """Yield the event sources that have begun to poll."""
    for account, region, mapping in _all():
        known, version = _begins.get(mapping["UUID"]), _version(mapping)
        if known is None or known[0] != version:
            late_s = LATE_S if known is None else LATE_S / 5
            known = _begins[mapping["UUID"]] = version, time.monotonic() + late_s
        if time.monotonic() >= known[1]:
            yield account, region, mapping


def _version(mapping: dict[str, Any]) -> object:
    kept = ("LastProcessingResult", "State", "StateTransitionReason")
    return {name: value for name, value in mapping.items() if name not in kept}


def install() -> None:
    """Make ministack poll them late."""
    service._iter_all_esms = started
