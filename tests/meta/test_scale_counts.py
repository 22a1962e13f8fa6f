"""What the model of costs counts, beside the template that is deployed."""

from alerta_utec.ports.metrics import CHANNEL, METRICS
from benchmarks.scale_model import PINGS_A_S
from benchmarks.scale_money import NOW
from tests.meta.conftest import Packaged

# Metrics without a label that have values while no one works.
ALWAYS = {"beats", "open_connections"} | {
    f"{state}_subscriptions" for state in ("confirmed", "pending", "missing")
}


def test_the_model_counts_the_alarms_metrics_and_dashboards(packaged: Packaged) -> None:
    alarms = [one["Properties"] for one in packaged.of_type("AWS::CloudWatch::Alarm").values()]
    measured = [
        metric
        for alarm in alarms
        for metric in alarm.get("Metrics", [{"MetricStat": alarm}])
        if "MetricStat" in metric
    ]

    assert len(measured) == NOW.alarm_metrics
    assert len(packaged.of_type("AWS::CloudWatch::Dashboard")) == NOW.dashboards


def test_the_model_counts_the_queues_that_lambda_polls(packaged: Packaged) -> None:
    sources = packaged.of_type("AWS::Lambda::EventSourceMapping").values()
    arns = [one["Properties"]["EventSourceArn"]["Fn::GetAtt"] for one in sources]
    queues = packaged.of_type("AWS::SQS::Queue")
    polled = [queues[name]["Properties"] for name, part in arns if part == "Arn"]
    in_order = [queue for queue in polled if queue.get("FifoQueue")]

    assert len(in_order) == NOW.fifo_queues
    assert len(polled) - len(in_order) == NOW.queues


def test_the_model_counts_the_runs_of_schedules(packaged: Packaged) -> None:
    rules = packaged.of_type("AWS::Events::Rule").values()
    expressions = [one["Properties"]["ScheduleExpression"] for one in rules]
    an_hour = {
        "cron(* * * * ? *)": 60,
        "rate(1 minute)": 60,
        "rate(5 minutes)": 12,
        "rate(1 hour)": 1,
    }

    runs = sum(an_hour[expression] for expression in expressions)
    assert runs == 60 * NOW.minute_runs + NOW.hour_runs


def test_the_model_counts_the_metrics(packaged: Packaged) -> None:
    unlabelled = {metric.name for metric in METRICS if metric.label is None}
    stages = packaged.of_type("AWS::ApiGatewayV2::Stage").values()
    settings = [one["Properties"]["DefaultRouteSettings"] for one in stages]

    # The metrics with a label have one for each of its values that occur.
    by_channel = {"broadcast": 6, "email": 4, "webhook": 3, "heartbeat": 1}
    reasons = 3
    labels = {metric.label for metric in METRICS} - {None, CHANNEL}
    assert len(labels) == 1
    assert unlabelled >= ALWAYS
    working = len(unlabelled - ALWAYS) + sum(by_channel.values()) + reasons
    assert (len(ALWAYS), working) == NOW.metrics
    assert NOW.route_metrics == 0
    assert not any(one["DetailedMetricsEnabled"] for one in settings)


def test_the_model_has_the_throttle_of_pings(packaged: Packaged) -> None:
    stage = packaged.template["Resources"]["WebsocketsDeploymentStage"]["Properties"]

    assert stage["RouteSettings"]["ping"]["ThrottlingRateLimit"] == PINGS_A_S
