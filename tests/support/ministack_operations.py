"""What operators use of AWS, where ministack lacks it.

Two CloudFormation types, saved queries and alarms of calculations, are created and deleted, and do
nothing: neither reads the emulator's metrics or logs. A topic's list shows which subscriptions
wait for their confirmation, as SNS does. The point-in-time recovery of a table reaches back 35
days, as it does on AWS after as long.
"""

import json
import uuid
from typing import Any

from ministack.services import dynamodb, sns
from ministack.services.cloudformation import provisioners

ALARM = "AWS::CloudWatch::Alarm"
QUERY = "AWS::Logs::QueryDefinition"
Created = tuple[str, dict[str, str]]
_list_by_topic = sns._list_subscriptions_by_topic
_describe_backups = dynamodb._describe_continuous_backups
WINDOW_S = 35 * 24 * 3600


def install() -> None:
    """Add the types to ministack's table of resources, and replace the other parts."""
    sns._list_subscriptions_by_topic = _list_with_pending
    dynamodb._describe_continuous_backups = _describe_window
    own = provisioners._RESOURCE_HANDLERS[ALARM]
    provisioners._RESOURCE_HANDLERS[ALARM] = own | {
        "create": lambda *asked: _create_alarm(own["create"], *asked)
    }
    provisioners._RESOURCE_HANDLERS.setdefault(
        QUERY, {"create": _create_query, "delete": lambda *_: None}
    )


def _list_with_pending(params: Any) -> tuple[int, dict[str, str], bytes]:
    status, headers, body = _list_by_topic(params)
    topic, _ = sns._get_topic(sns._p(params, "TopicArn"))
    for one in topic["subscriptions"] if topic else ():
        if not one["confirmed"]:
            body = body.replace(one["arn"].encode(), b"PendingConfirmation")
    return status, headers, body


def _describe_window(data: Any) -> Any:
    status, headers, body = _describe_backups(data)
    answer = json.loads(body)
    described = answer.get("ContinuousBackupsDescription", {}).get(
        "PointInTimeRecoveryDescription", {}
    )
    if "EarliestRestorableDateTime" in described:
        described["EarliestRestorableDateTime"] -= WINDOW_S
    return status, headers, json.dumps(answer).encode()


def _create_alarm(create: Any, logical_id: str, properties: dict[str, Any], stack: str) -> Created:
    if "Metrics" not in properties:
        created: Created = create(logical_id, properties, stack)
        return created
    name = f"{stack}-{logical_id}"
    return name, {"Arn": f"arn:aws:cloudwatch:us-east-1:000000000000:alarm:{name}"}


def _create_query(_logical_id: str, _properties: dict[str, Any], _stack: str) -> Created:
    query_id = str(uuid.uuid4())
    return query_id, {"QueryDefinitionId": query_id}
