"""The alarms and the dashboard of the people who run the service, in the template."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from alerta_utec.ports.metrics import METRICS
from tests.meta.conftest import Packaged
from tests.support.emulator import ROOT

OURS = {metric.name: metric for metric in METRICS}
NAMESPACE = "AlertaUTEC/dev"
GUIDES = ("operations.es.md", "operations.md")
RUNBOOK = re.compile(r'docs/(operations(?:\.es)?\.md), "([^"]+)"')
OVER = "GreaterThanThreshold"
# What raises each alarm: its metrics, the statistic and its seconds, and the threshold.
CONDITIONS = {
    "UndeliveredAlarm": ({"ApproximateNumberOfMessagesVisible"}, "Maximum", 300, OVER, 0),
    "DeliveryLagAlarm": (
        {"IteratorAge", "ApproximateAgeOfOldestMessage"},
        "Maximum",
        60,
        OVER,
        30_000,
    ),
    "FunctionErrorsAlarm": ({"Errors"}, "Sum", 300, OVER, 0),
    "ThrottlesAlarm": ({"Throttles"}, "Sum", 300, OVER, 0),
    "FanOutAgeAlarm": ({"ApproximateAgeOfOldestMessage"}, "Maximum", 300, OVER, 60),
    "ServerErrorsAlarm": ({"5xx", "ExecutionError", "unavailable"}, "Sum", 300, OVER, 0),
    "UnreachedAlarm": ({"attempted", "throttled", "failed"}, "Sum", 300, OVER, 1),
    "TimeToAllAlarm": ({"ms"}, "p99", 300, OVER, 5000),
    "RecursionAlarm": ({"RecursiveInvocationsDropped"}, "Sum", 300, OVER, 0),
    "SubscriptionsAlarm": (
        {f"{state}_subscriptions" for state in ("confirmed", "pending", "missing")},
        *("Maximum", 3600, OVER, 0),
    ),
    "NoBeatAlarm": ({"beats"}, "Sum", 300, "LessThanThreshold", 1),
}
# The metrics of AWS that are used here, as the guides of the services list them.
OF_AWS = {
    "AWS/Lambda": {"IteratorAge", "Errors", "Throttles", "RecursiveInvocationsDropped"},
    "AWS/SQS": {"ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage"},
    "AWS/ApiGateway": {"5xx", "Count", "ConnectCount", "MessageCount", "ExecutionError"},
    "AWS/Usage": {"ResourceCount"},
}
Settings = dict[str, Any]
# A metric as an alarm or a graph names it: namespace, name, dimensions.
Named = tuple[str, str, dict[str, Any]]


def alarms(packaged: Packaged) -> dict[str, Settings]:
    """Return the settings of each alarm."""
    found = packaged.of_type("AWS::CloudWatch::Alarm")
    return {name: alarm["Properties"] for name, alarm in found.items()}


def parts(alarm: Settings) -> list[tuple[Settings, str, int]]:
    """Return each metric that the alarm looks at, with its statistic and period."""
    if "Metrics" not in alarm:
        stat = alarm.get("Statistic") or alarm["ExtendedStatistic"]
        return [(alarm, stat, alarm["Period"])]
    stats = [one["MetricStat"] for one in alarm["Metrics"] if "MetricStat" in one]
    return [(one["Metric"], one["Stat"], one["Period"]) for one in stats]


def named_by_alarms(packaged: Packaged) -> Iterator[Named]:
    """Yield the metrics of all alarms."""
    for alarm in alarms(packaged).values():
        for metric, _, _ in parts(alarm):
            dimensions = {one["Name"]: one["Value"] for one in metric["Dimensions"]}
            yield metric["Namespace"], metric["MetricName"], dimensions


def widgets(packaged: Packaged) -> list[dict[str, Any]]:
    """Return the dashboard's parts."""
    body = packaged.template["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    found: list[dict[str, Any]] = json.loads(body)["widgets"]
    return found


def named_by_the_dashboard(packaged: Packaged) -> Iterator[Named]:
    """Yield the metrics of all graphs."""
    for widget in widgets(packaged):
        for line in widget["properties"].get("metrics", []):
            if isinstance(line[0], str):
                namespace, name, *pairs = [part for part in line if isinstance(part, str)]
                yield namespace, name, dict(zip(pairs[::2], pairs[1::2], strict=True))


@pytest.mark.parametrize("name", CONDITIONS)
def test_an_alarm_is_raised_by_its_condition(packaged: Packaged, name: str) -> None:
    alarm = alarms(packaged)[name]
    metrics, stat, period, comparison, threshold = CONDITIONS[name]

    found = parts(alarm)
    assert {metric["MetricName"] for metric, _, _ in found} == metrics
    assert {(stat, period) for _, stat, period in found} == {(stat, period)}
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == (comparison, threshold)


def test_operators_are_told_when_an_alarm_begins_and_when_it_ends(packaged: Packaged) -> None:
    for name, alarm in alarms(packaged).items():
        assert name in CONDITIONS
        assert alarm["AlarmActions"] == alarm["OKActions"] == [{"Ref": "Operators"}], name


def test_cloudwatch_can_publish_to_the_operators_topic(packaged: Packaged) -> None:
    # CloudWatch may not use AWS's own key for SNS.
    assert "KmsMasterKeyId" not in packaged.template["Resources"]["Operators"]["Properties"]


def test_only_the_missing_heartbeat_is_an_alarm_while_nothing_is_measured(
    packaged: Packaged,
) -> None:
    for name, alarm in alarms(packaged).items():
        silent = alarm["TreatMissingData"]
        assert silent == ("breaching" if name == "NoBeatAlarm" else "notBreaching"), name


def test_twenty_minutes_without_a_heartbeat_are_an_alarm(packaged: Packaged) -> None:
    alarm = alarms(packaged)["NoBeatAlarm"]

    assert alarm["Period"] * alarm["EvaluationPeriods"] == 20 * 60


def test_each_calculation_returns_one_result_over_its_own_metrics(packaged: Packaged) -> None:
    for name, alarm in alarms(packaged).items():
        ids = [one["Id"] for one in alarm.get("Metrics", [])]
        returned = [one["Id"] for one in alarm.get("Metrics", []) if one["ReturnData"]]
        assert returned == ids[-1:], name
        # CloudWatch user guide, "Create an alarm based on a metric math expression".
        assert len(ids) <= 10, name
        for one in alarm.get("Metrics", []):
            words = set(re.findall(r"[a-z]\w*", one.get("Expression", "")))
            assert words <= set(ids), (name, words)


def test_the_lag_of_every_consumer_of_changes_is_watched(packaged: Packaged) -> None:
    readers, queues = set(), set()
    for name, one in packaged.of_type("AWS::Lambda::EventSourceMapping").items():
        if "Dynamodb" in name:
            readers.add(one["Properties"]["FunctionName"]["Fn::GetAtt"][0])
        queue = _queue(one["Properties"]["EventSourceArn"]) or ""
        if packaged.template["Resources"][queue]["Properties"].get("FifoQueue"):
            queues.add(queue)

    alarm = alarms(packaged)["DeliveryLagAlarm"]
    assert len(queues) == 2
    assert (_functions(alarm), _queues(alarm)) == (readers, queues)


def test_every_dead_letter_queue_is_watched(packaged: Packaged) -> None:
    queues = {
        name
        for name, queue in packaged.of_type("AWS::SQS::Queue").items()
        if name.startswith("Undelivered")
    }

    assert len(queues) == 2
    assert _queues(alarms(packaged)["UndeliveredAlarm"]) == queues


def test_recursion_is_watched_of_every_function_behind_a_queue(packaged: Packaged) -> None:
    reading = {
        one["Properties"]["FunctionName"]["Fn::GetAtt"][0]
        for name, one in packaged.of_type("AWS::Lambda::EventSourceMapping").items()
        if "SQS" in name
    }

    assert _functions(alarms(packaged)["RecursionAlarm"]) == reading


def test_alarms_and_graphs_name_metrics_that_the_service_counts(packaged: Packaged) -> None:
    named = [*named_by_alarms(packaged), *named_by_the_dashboard(packaged)]
    ours = [(name, dimensions) for namespace, name, dimensions in named if namespace == NAMESPACE]
    others = {(namespace, name) for namespace, name, _ in named if namespace != NAMESPACE}

    assert others == {(space, name) for space, names in OF_AWS.items() for name in names}
    assert len(ours) > 20
    for name, dimensions in ours:
        label = OURS[name].label
        assert list(dimensions) == ([label] if label else []), name


def test_every_metric_of_the_service_is_on_the_dashboard(packaged: Packaged) -> None:
    body = json.dumps(widgets(packaged))

    assert {name for name in OURS if f'"{name}' not in body.replace('\\"', '"')} == set()


def test_the_dashboard_names_resources_of_the_stack(packaged: Packaged) -> None:
    body = json.dumps(widgets(packaged))
    used = {name.partition(".")[0] for name in re.findall(r"\$\{([\w.:]+)\}", body)}

    assert used - {"AWS::Region"} <= set(packaged.template["Resources"])
    assert set(alarms(packaged)) <= used


def test_the_dashboards_parts_do_not_overlap(packaged: Packaged) -> None:
    squares = [
        (x, y)
        for widget in widgets(packaged)
        for x in range(widget["x"], widget["x"] + widget["width"])
        for y in range(widget["y"], widget["y"] + widget["height"])
    ]

    assert len(set(squares)) == len(squares)
    assert max(x for x, _ in squares) < 24


@pytest.mark.parametrize("guide", GUIDES)
def test_every_alarm_has_its_runbook_and_every_runbook_its_alarm(
    packaged: Packaged, guide: str
) -> None:
    text = (ROOT / "docs" / guide).read_text()
    headings = re.findall(r"^#+ (Alarma?: .+)$", text, re.MULTILINE)
    asked = [dict(RUNBOOK.findall(a["AlarmDescription"]))[guide] for a in alarms(packaged).values()]

    assert sorted(asked) == sorted(headings)


def _functions(alarm: Settings) -> set[str]:
    values = [metric["Dimensions"][0]["Value"] for metric, _, _ in parts(alarm)]
    return {value["Ref"] for value in values if "Ref" in value}


def _queues(alarm: Settings) -> set[str]:
    values = [metric["Dimensions"][0]["Value"] for metric, _, _ in parts(alarm)]
    return {queue for value in values if (queue := _queue(value))}


def _queue(resource: Any) -> str | None:
    named = resource.get("Fn::GetAtt") if isinstance(resource, dict) else None
    return named[0] if named else None
