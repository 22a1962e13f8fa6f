"""The metrics for CloudWatch."""

from collections.abc import Mapping

from alerta_utec.adapters.aws.emf import EmbeddedMetrics
from alerta_utec.adapters.clock import SystemClock


def embedded_metrics(environment: Mapping[str, str]) -> EmbeddedMetrics:
    """Return the metrics that are written to stdout (``METRICS_NAMESPACE``)."""
    return EmbeddedMetrics(environment["METRICS_NAMESPACE"], SystemClock())
