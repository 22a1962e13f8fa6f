"""The streams and queues between the stack's functions, read from the framework's template."""

import json
from collections import Counter
from typing import Any

from alerta_utec.app.send_shard import AGAIN_AFTER_S
from alerta_utec.deployments.aws.services import relay
from alerta_utec.deployments.aws.services.broadcast import SHARD_RESERVE_S
from alerta_utec.deployments.aws.services.relay import CONSUMERS
from alerta_utec.domain.backoff import delay_s
from alerta_utec.domain.delivery import RELAYED
from alerta_utec.handlers import stream
from alerta_utec.handlers.queue import LONGEST_DELAY_S
from alerta_utec.webhooks.aws.leases import LEASE
from alerta_utec.webhooks.ports import WAKE_UP_WAIT_MAX_S
from alerta_utec.webhooks.sender import TIMEOUT_S
from tests.meta.conftest import Packaged

READERS_MAX = 2
# Lambda ends a chain after about 16 invocations (developer guide, "recursive loop").
CHAIN_MAX = 16
# The longest chain of a function whose messages to its own queue are numbered.
CHAINS = {"FanoutLambdaFunction": 1 + len(AGAIN_AFTER_S)}
# The function that reads each queue of the relay.
CONSUMED_BY = {"email": "AlarmLambdaFunction", "webhooks": "WebhooksLambdaFunction"}


def streams(packaged: Packaged) -> dict[str, Any]:
    """Return the event sources that read a stream."""
    mappings = packaged.of_type("AWS::Lambda::EventSourceMapping")
    return {name: one for name, one in mappings.items() if "Dynamodb" in name}


def test_a_stream_has_two_readers_at_most(packaged: Packaged) -> None:
    # DynamoDB developer guide, "Reading and processing a stream": more get throttled.
    readers = Counter(
        json.dumps(one["Properties"]["EventSourceArn"]) for one in streams(packaged).values()
    )

    assert set(readers.values()) == {READERS_MAX}
    assert len(readers) == 1


def test_stream_consumers_retry_part_of_a_batch_and_have_a_dead_letter_queue(
    packaged: Packaged,
) -> None:
    for name, mapping in streams(packaged).items():
        properties = mapping["Properties"]
        assert properties["FunctionResponseTypes"] == ["ReportBatchItemFailures"], name
        assert properties["BisectBatchOnFunctionError"] is True, name
        assert properties["MaximumRetryAttempts"] > 0, name
        assert properties["MaximumRecordAgeInSeconds"] > 0, name
        aside = properties["DestinationConfig"]["OnFailure"]["Destination"]
        assert aside == {"Fn::GetAtt": ["Undelivered", "Arn"]}, name


def test_stream_consumers_get_changes_and_their_own_probes_only(packaged: Packaged) -> None:
    patterns = {
        name: json.loads(mapping["Properties"]["FilterCriteria"]["Filters"][0]["Pattern"])
        for name, mapping in streams(packaged).items()
    }

    assert patterns == {
        f"{reader.title()}EventSourceMappingDynamodbChanges": {
            "eventName": ["INSERT"],
            "dynamodb": {"Keys": {"feed": {"S": ["main", f"probe#{reader}"]}}},
        }
        for reader in ("broadcast", "relay")
    }


def test_every_queue_waits_six_timeouts_of_its_function_and_delivers_one_message_at_a_time(
    packaged: Packaged,
) -> None:
    resources = packaged.template["Resources"]
    queues = {}
    for name, mapping in packaged.of_type("AWS::Lambda::EventSourceMapping").items():
        if "SQS" not in name:
            continue
        properties = mapping["Properties"]
        queue = properties["EventSourceArn"]["Fn::GetAtt"][0]
        function = properties["FunctionName"]["Fn::GetAtt"][0]
        queues[queue] = function
        timeout_s = resources[function]["Properties"]["Timeout"]
        # A throttled function's message comes back after this (Lambda developer guide, "Handling
        # errors for an SQS event source").
        assert resources[queue]["Properties"]["VisibilityTimeout"] == 6 * timeout_s, queue
        assert resources[queue]["Properties"]["SqsManagedSseEnabled"] is True, queue
        assert properties["FunctionResponseTypes"] == ["ReportBatchItemFailures"], queue
        # A message fails alone, and a slow one delays no other.
        assert properties["BatchSize"] == 1, queue
        assert properties["ScalingConfig"]["MaximumConcurrency"] <= 5, queue

    assert queues == {
        "FanOut": "FanoutLambdaFunction",
        "Notifications": "AlarmLambdaFunction",
        "WebhookChanges": "WebhooksLambdaFunction",
        "WebhookBells": "WebhookLambdaFunction",
    }


def test_shards_and_emails_of_a_throttled_function_wait_three_minutes_at_most(
    packaged: Packaged,
) -> None:
    for name in ("FanOut", "Notifications", "WebhookChanges"):
        queue = packaged.template["Resources"][name]["Properties"]
        assert queue["VisibilityTimeout"] <= 180, name


def test_relayed_messages_end_in_a_dead_letter_queue_that_keeps_their_order(
    packaged: Packaged,
) -> None:
    resources = packaged.template["Resources"]
    arn = {"Fn::GetAtt": ["UndeliveredInOrder", "Arn"]}
    last = resources["UndeliveredInOrder"]["Properties"]

    for name in ("Notifications", "WebhookChanges"):
        queue = resources[name]["Properties"]
        again = queue["RedrivePolicy"]
        assert queue["FifoQueue"] is True, name
        assert again["deadLetterTargetArn"] == arn, name
        waits_s = sum(
            delay_s(attempt, base_s=1.0, cap_s=LONGEST_DELAY_S)
            for attempt in range(again["maxReceiveCount"])
        )
        assert 5.5 * 3600 < waits_s < 6.5 * 3600
        assert queue["MessageRetentionPeriod"] > 2 * waits_s
        assert last["MessageRetentionPeriod"] > queue["MessageRetentionPeriod"]
    assert last["FifoQueue"] is True


def test_relay_has_the_queue_of_every_consumer(packaged: Packaged) -> None:
    functions = packaged.of_type("AWS::Lambda::Function")
    variables = functions["RelayLambdaFunction"]["Properties"]["Environment"]["Variables"]

    assert tuple(CONSUMERS) == RELAYED
    for name, consumer in CONSUMERS.items():
        queue = variables[consumer.queue]
        reader = functions[CONSUMED_BY[name]]["Properties"]["Environment"]["Variables"]
        assert reader[consumer.queue] == queue
    assert sum(name.endswith("_QUEUE") for name in variables) == len(CONSUMERS)


def test_no_function_sends_to_a_queue_that_invokes_it_again_unless_few_times_or_allowed(
    packaged: Packaged,
) -> None:
    functions = packaged.of_type("AWS::Lambda::Function")
    invokes = {queue: function for function, queue in _readers(packaged)}
    sends = {
        name: {
            invokes[queue]
            for queue in _queues_of(packaged, function["Properties"]["Role"], "sqs:SendMessage")
            if queue in invokes
        }
        for name, function in functions.items()
    }
    for name, function in functions.items():
        reached, left = set[str](), set(sends[name])
        while left:
            reached |= left
            left = {next_one for one in left for next_one in sends[one]} - reached
        allowed = function["Properties"].get("RecursiveLoop") == "Allow"
        assert (name in reached) == (allowed or name in CHAINS), name
    assert max(CHAINS.values()) < CHAIN_MAX


def test_shards_end_in_the_dead_letter_queue(packaged: Packaged) -> None:
    queue = packaged.template["Resources"]["FanOut"]["Properties"]
    again = queue["RedrivePolicy"]

    assert queue["MessageRetentionPeriod"] > again["maxReceiveCount"] * queue["VisibilityTimeout"]
    assert again["deadLetterTargetArn"] == {"Fn::GetAtt": ["Undelivered", "Arn"]}


def test_wakeups_outlive_the_wait_for_a_retry(packaged: Packaged) -> None:
    queue = packaged.template["Resources"]["WebhookBells"]["Properties"]

    assert queue["MessageRetentionPeriod"] > WAKE_UP_WAIT_MAX_S + queue["VisibilityTimeout"]


def test_a_lease_of_a_webhook_is_longer_than_a_post_and_shorter_than_its_lambda(
    packaged: Packaged,
) -> None:
    functions = packaged.of_type("AWS::Lambda::Function")

    lease_s = LEASE.total_seconds()
    timeout_s = functions["WebhookLambdaFunction"]["Properties"]["Timeout"]
    assert TIMEOUT_S < lease_s < timeout_s
    assert TIMEOUT_S < stream.RESERVE_S


def test_consumers_have_time_to_begin_and_finish_a_record(packaged: Packaged) -> None:
    functions = packaged.of_type("AWS::Lambda::Function")
    reserves_s = {
        "Broadcast": stream.RESERVE_S,
        "Webhook": stream.RESERVE_S,
        "Fanout": SHARD_RESERVE_S,
        "Alarm": relay.RESERVE_S,
        "Webhooks": relay.RESERVE_S,
    }

    for name, reserve_s in reserves_s.items():
        function = functions[f"{name}LambdaFunction"]
        assert function["Properties"]["Timeout"] >= 2 * reserve_s, name


def _readers(packaged: Packaged) -> set[tuple[str, str]]:
    """Return each function with the queue that invokes it."""
    found = set()
    for one in packaged.of_type("AWS::Lambda::EventSourceMapping").values():
        properties = one["Properties"]
        source, attribute = properties["EventSourceArn"]["Fn::GetAtt"]
        if attribute == "Arn":
            found.add((properties["FunctionName"]["Fn::GetAtt"][0], source))
    return found


def _queues_of(packaged: Packaged, role: dict[str, Any], action: str) -> set[str]:
    """Return the queues on which a role permits an action."""
    made = packaged.template["Resources"][role["Fn::GetAtt"][0]]["Properties"]["Policies"]
    found = set()
    for statement in (one for policy in made for one in policy["PolicyDocument"]["Statement"]):
        resources = statement["Resource"]
        if action in statement["Action"]:
            listed = resources if isinstance(resources, list) else [resources]
            found |= {one["Fn::GetAtt"][0] for one in listed}
    return found
