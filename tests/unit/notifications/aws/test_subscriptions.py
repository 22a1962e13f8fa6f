"""The subscriptions of a topic, with answers as SNS has been recorded to give them."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from alerta_utec.domain.errors import Internal, NotFound, Unavailable
from alerta_utec.notifications.aws.subscriptions import (
    CheckSubscriptions,
    Subscription,
    SubscriptionState,
    TopicSubscriptions,
)
from tests.fakes.metrics import FakeMetrics

TOPIC = "arn:aws:sns:us-east-1:123456789012:alerta-utec-realtime-alarms-prod"
OPERATORS = "arn:aws:sns:us-east-1:123456789012:alerta-utec-realtime-operators-prod"
CONFIRMED = f"{TOPIC}:8a21d249-4329-4871-acc6-7be709c6ea7f"
TOKEN = "2336412f37fb687f5d51e6e2425c464de12884a0a66eeb8a" * 4


def listed(endpoint: str, arn: str = CONFIRMED, protocol: str = "email") -> dict[str, str]:
    """Return a subscription as ListSubscriptionsByTopic gives it."""
    return {
        "SubscriptionArn": arn,
        "Owner": "123456789012",
        "Protocol": protocol,
        "Endpoint": endpoint,
        "TopicArn": TOPIC,
    }


PENDING = listed("nueva@example.edu", "PendingConfirmation")
GONE = listed("se-fue@example.edu", "Deleted")


@pytest.fixture
def sns() -> Iterator[Stubber]:
    """Yield SNS's answers; a call that is not expected, or does not come, fails the test."""
    client = boto3.client(
        "sns", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="s"
    )
    with Stubber(client) as stubbed:
        yield stubbed
        stubbed.assert_no_pending_responses()


@pytest.fixture
def topic(sns: Stubber) -> TopicSubscriptions:
    return TopicSubscriptions(sns.client, TOPIC)


def answer(sns: Stubber, *subscriptions: dict[str, str], arn: str = TOPIC, **page: str) -> None:
    """Expect one call, and answer with these subscriptions."""
    asked = {"TopicArn": arn} | ({"NextToken": page["after"]} if "after" in page else {})
    more = {"NextToken": page["more"]} if "more" in page else {}
    response: dict[str, Any] = {"Subscriptions": list(subscriptions), **more}
    sns.add_response("list_subscriptions_by_topic", response, asked)


def test_every_page_of_the_subscriptions_is_read_with_their_states(
    sns: Stubber, topic: TopicSubscriptions
) -> None:
    answer(sns, listed("guardia@example.edu"), PENDING, more="t1")
    answer(sns, listed("+51999999999", protocol="sms"), GONE, after="t1")

    assert topic.list() == [
        Subscription("email", "guardia@example.edu", SubscriptionState.CONFIRMED),
        Subscription("email", "nueva@example.edu", SubscriptionState.PENDING),
        Subscription("sms", "+51999999999", SubscriptionState.CONFIRMED),
        Subscription("email", "se-fue@example.edu", SubscriptionState.DELETED),
    ]


def test_a_confirmation_can_be_undone_by_this_account_alone(
    sns: Stubber, topic: TopicSubscriptions
) -> None:
    sns.add_response(
        "confirm_subscription",
        {"SubscriptionArn": CONFIRMED},
        {"TopicArn": TOPIC, "Token": TOKEN, "AuthenticateOnUnsubscribe": "true"},
    )

    topic.confirm(TOKEN)


@pytest.mark.parametrize("code", ["InvalidParameter", "NotFound"])
def test_a_token_of_another_topic_or_from_long_ago_is_not_found(
    sns: Stubber, topic: TopicSubscriptions, code: str
) -> None:
    sns.add_client_error("confirm_subscription", code, "Invalid token", 400)

    with pytest.raises(NotFound):
        topic.confirm(TOKEN)


@pytest.mark.parametrize(
    ("code", "status", "error"),
    [("Throttled", 429, Unavailable), ("AuthorizationError", 403, Internal)],
)
def test_other_failures_of_sns_are_told_apart(
    sns: Stubber, topic: TopicSubscriptions, code: str, status: int, error: type[Exception]
) -> None:
    sns.add_client_error("confirm_subscription", code, "no", status)

    with pytest.raises(error):
        topic.confirm(TOKEN)


def test_subscriptions_of_both_topics_are_counted_and_missing_ones_too(sns: Stubber) -> None:
    answer(sns, listed("Guardia@Example.edu"), PENDING, GONE)
    answer(sns, listed("sistemas@example.edu"), arn=OPERATORS)
    metrics = FakeMetrics()
    topics = [TopicSubscriptions(sns.client, arn) for arn in (TOPIC, OPERATORS)]
    wanted = {"guardia@example.edu", "nueva@example.edu", "se-fue@example.edu"}

    counts = CheckSubscriptions(topics, wanted, metrics).run()

    assert counts == {"confirmed": 2, "pending": 1, "missing": 1}
    assert metrics.sums == {
        "confirmed_subscriptions": 2,
        "pending_subscriptions": 1,
        "missing_subscriptions": 1,
    }


def test_a_subscription_that_was_deleted_on_purpose_is_not_missing(sns: Stubber) -> None:
    answer(sns, GONE)
    topics = [TopicSubscriptions(sns.client, TOPIC)]

    counts = CheckSubscriptions(topics, set(), FakeMetrics()).run()

    assert counts == {"confirmed": 0, "pending": 0, "missing": 0}
