"""The ``Metrics`` of CloudWatch: lines in its embedded metric format.

CloudWatch Logs turns each line of JSON on a Lambda's stdout into metrics (CloudWatch user guide,
"Specification: Embedded metric format").
"""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from alerta_utec.ports.clock import Clock
from alerta_utec.ports.metrics import NO_LABELS, Metric


@dataclass(frozen=True)
class EmbeddedMetrics:
    """``Metrics`` as lines on stdout; ``namespace`` separates the stages of an account."""

    namespace: str
    clock: Clock

    def record(
        self,
        values: Mapping[Metric, float],
        labels: Mapping[str, str] = NO_LABELS,
        fields: Mapping[str, Any] = NO_LABELS,
    ) -> None:
        directive = {
            "Namespace": self.namespace,
            "Dimensions": [list(labels)],
            "Metrics": [{"Name": metric.name, "Unit": metric.unit} for metric in values],
        }
        moment_ms = int(self.clock.now().timestamp() * 1000)
        line = {
            "_aws": {"Timestamp": moment_ms, "CloudWatchMetrics": [directive]},
            **fields,
            **labels,
            **{metric.name: value for metric, value in values.items()},
        }
        # One write: lines of several threads do not mix.
        sys.stdout.write(json.dumps(line) + "\n")
