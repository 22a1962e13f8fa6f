"""The lines of metrics, against CloudWatch's specification of its embedded metric format."""

import json
from typing import Any

import jsonschema
import pytest

from alerta_utec.adapters.aws.emf import EmbeddedMetrics
from alerta_utec.ports.metrics import COMMITS, CONFLICTS, METRICS, Metric
from tests.fakes.clock import ManualClock

NAME = {"type": "string", "minLength": 1, "maxLength": 255}
UNITS = ("Count", "Milliseconds", "Seconds", "Bytes", "Percent", "None")
# CloudWatch user guide, "Specification: Embedded metric format", in short: what it requires, and
# no other member where it says that there must be none.
DIRECTIVE = {
    "type": "object",
    "required": ["Namespace", "Dimensions", "Metrics"],
    "additionalProperties": False,
    "properties": {
        "Namespace": NAME,
        "Dimensions": {
            "type": "array",
            "minItems": 1,
            "items": {"type": "array", "maxItems": 9, "items": NAME},
        },
        "Metrics": {
            "type": "array",
            "minItems": 1,
            "maxItems": 100,
            "items": {
                "type": "object",
                "required": ["Name"],
                "additionalProperties": False,
                "properties": {"Name": NAME, "Unit": {"enum": list(UNITS)}},
            },
        },
    },
}
SCHEMA = {
    "type": "object",
    "required": ["_aws"],
    "properties": {
        "_aws": {
            "type": "object",
            "required": ["Timestamp", "CloudWatchMetrics"],
            "properties": {
                "Timestamp": {"type": "integer", "minimum": 1_500_000_000_000},
                "CloudWatchMetrics": {"type": "array", "minItems": 1, "items": DIRECTIVE},
            },
        }
    },
}


def check(line: dict[str, Any]) -> None:
    """Fail unless the line is a document from which CloudWatch extracts all its metrics."""
    jsonschema.validate(line, SCHEMA)
    for directive in line["_aws"]["CloudWatchMetrics"]:
        for dimension in directive["Dimensions"][0]:
            assert isinstance(line[dimension], str)
            assert line[dimension]
        for metric in directive["Metrics"]:
            value = line[metric["Name"]]
            assert isinstance(value, int | float)
            assert not isinstance(value, bool)


@pytest.fixture
def metrics() -> EmbeddedMetrics:
    return EmbeddedMetrics("AlertaUTEC/dev", ManualClock())


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_every_metric_is_a_valid_line_of_the_embedded_format(
    metrics: EmbeddedMetrics, capsys: pytest.CaptureFixture[str], metric: Metric
) -> None:
    labels = {metric.label: "broadcast"} if metric.label else {}

    metrics.record({metric: 3}, labels, {"incidentId": "a"})

    (line,) = capsys.readouterr().out.splitlines()
    check(json.loads(line))
    assert json.loads(line)[metric.name] == 3


def test_metrics_of_one_event_share_a_line_and_its_fields(
    metrics: EmbeddedMetrics, capsys: pytest.CaptureFixture[str]
) -> None:
    metrics.record({COMMITS: 1, CONFLICTS: 4}, fields={"position": "e:7"})

    line = json.loads(capsys.readouterr().out)
    check(line)
    assert (line["commits"], line["conflicts"], line["position"]) == (1, 4, "e:7")


def test_no_two_metrics_have_the_same_name_and_none_is_a_log_field() -> None:
    names = [metric.name for metric in METRICS]
    labels = {metric.label for metric in METRICS}

    assert len(set(names)) == len(names)
    # A label or a field of that name would take the metric's place on the line.
    assert not {*labels, "incidentId", "revision", "position", "requestId"} & set(names)
