"""``Metrics`` that tests read."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from alerta_utec.ports.metrics import NO_LABELS, Metric


class FakeMetrics:
    """``Metrics`` that keep their sums by name, and by name and label value; also each call."""

    def __init__(self) -> None:
        self.sums: Counter[str] = Counter()
        self.calls: list[tuple[Mapping[Metric, float], Mapping[str, str], Mapping[str, Any]]] = []

    def record(
        self,
        values: Mapping[Metric, float],
        labels: Mapping[str, str] = NO_LABELS,
        fields: Mapping[str, Any] = NO_LABELS,
    ) -> None:
        self.calls.append((values, labels, fields))
        for metric, value in values.items():
            assert tuple(labels) == ((metric.label,) if metric.label else ())
            self.sums[":".join((metric.name, *labels.values()))] += int(value)
