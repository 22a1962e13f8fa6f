"""A storm on the deployed stack: held notifications, their record and their release."""

import json
from typing import Any

from tests.aws.conftest import Mailbox
from tests.conformance.targets import http_request
from tests.support.deployment import Deployment
from tests.support.eventually import eventually
from tests.support.incidents import incident, unique
from tests.support.wsclient import WsClient

LONG_AGO = "2026-01-01T00:00:00Z"


def test_further_reports_are_held_and_leave_together_when_the_window_ends(
    deployment: Deployment, mailbox: Mailbox
) -> None:
    place = unique("Sala")
    with WsClient(deployment.ws_url) as client:
        first, *more = [
            client.notify(incident(location=place, urgency="medium"))["incidentId"]
            for _ in range(3)
        ]
    mailbox.about(place)
    held = [_record(deployment, name, "held") for name in more]
    _flush(deployment)
    too_early = len(mailbox.all_about(place, 1))

    _end_windows(deployment)
    _flush(deployment)
    digest = mailbox.all_about(place, 2)[1]

    assert [one["because"] for one in held] == ["grouped", "grouped"]
    assert too_early == 1
    assert all(name in digest["Message"] for name in more)
    assert first not in digest["Message"]
    sent = [_record(deployment, name, "sent") for name in more]
    assert [(one["held"], one["with"]) for one in sent] == [("grouped", 1)] * 2


def test_the_schedule_releases_held_notifications(deployment: Deployment) -> None:
    rules = deployment.client("events").list_rule_names_by_target(
        TargetArn=deployment.client("lambda").get_function(
            FunctionName=deployment.function("alarm")
        )["Configuration"]["FunctionArn"]
    )["RuleNames"]

    (rule,) = [deployment.client("events").describe_rule(Name=name) for name in rules]

    assert (rule["ScheduleExpression"], rule["State"]) == ("rate(1 minute)", "ENABLED")


def _record(deployment: Deployment, incident_id: str, result: str) -> dict[str, Any]:
    """Wait until the record of its e-mail has this result and return it."""

    def look() -> dict[str, Any] | None:
        shown = http_request("GET", f"{deployment.http_url}/incidents/{incident_id}").json()
        emails = [one for one in shown["deliveries"] if one["channel"] == "email"]
        return next((dict(one) for one in emails if one["result"] == result), None)

    return dict(eventually(look, f"{incident_id} {result}"))


def _flush(deployment: Deployment) -> None:
    """Invoke the function like the schedule."""
    answer = deployment.client("lambda").invoke(
        FunctionName=deployment.function("alarm"),
        Payload=json.dumps({"source": "aws.events", "detail-type": "Scheduled Event"}),
    )
    assert "FunctionError" not in answer, answer["Payload"].read()


def _end_windows(deployment: Deployment) -> None:
    """Make every held notification due."""
    dynamodb, table = deployment.client("dynamodb"), deployment.outputs["NoticesTable"]
    for item in dynamodb.scan(TableName=table)["Items"]:
        if item["row"]["S"].startswith("held#"):
            dynamodb.update_item(
                TableName=table,
                Key={name: item[name] for name in ("recipient", "row")},
                UpdateExpression="SET #until = :until",
                ExpressionAttributeNames={"#until": "until"},
                ExpressionAttributeValues={":until": {"S": LONG_AGO}},
            )
