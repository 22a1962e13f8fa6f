"""The subscriptions of an SNS topic: which are confirmed, and which have been lost.

SNS tells a publisher nothing about them: a message to a topic without a confirmed subscription is
accepted like any other.
"""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from alerta_utec.adapters.aws.errors import code, translated
from alerta_utec.domain.errors import NotFound
from alerta_utec.ports.metrics import (
    CONFIRMED_SUBSCRIPTIONS,
    MISSING_SUBSCRIPTIONS,
    PENDING_SUBSCRIPTIONS,
    Metrics,
)

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient

log = logging.getLogger(__name__)

# SNS, ListSubscriptionsByTopic: what stands where a confirmed subscription has its ARN.
_STATES = {"PendingConfirmation": "pending", "Deleted": "deleted"}
# SNS, ConfirmSubscription: the token is of another topic, has expired or is none at all.
_REFUSED = frozenset({"InvalidParameter", "InvalidParameterException", "NotFound"})


class SubscriptionState(StrEnum):
    """The state of a subscription; a deleted one is listed for some time."""

    CONFIRMED = "confirmed"
    PENDING = "pending"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Subscription:
    """A subscription: an e-mail address, a telephone number or something else."""

    protocol: str
    endpoint: str
    state: SubscriptionState


@dataclass(frozen=True)
class TopicSubscriptions:
    """The subscriptions of one topic.

    Needs ``sns:ListSubscriptionsByTopic`` to list and ``sns:ConfirmSubscription`` to confirm.
    """

    client: "SNSClient"
    topic_arn: str

    def list(self) -> Sequence[Subscription]:
        """Return all subscriptions.

        Raises:
            Unavailable, Internal: as ``translated``.
        """
        found: list[Subscription] = []
        token: dict[str, str] = {}
        while True:
            with translated("ListSubscriptionsByTopic"):
                page = self.client.list_subscriptions_by_topic(
                    TopicArn=self.topic_arn,
                    **token,
                )
            for one in page["Subscriptions"]:
                state = SubscriptionState(_STATES.get(one["SubscriptionArn"], "confirmed"))
                found.append(Subscription(one["Protocol"], one["Endpoint"], state))
            if not page.get("NextToken"):
                return found
            token = {"NextToken": page["NextToken"]}

    def confirm(self, token: str) -> None:
        """Confirm the subscription of a token, so that only this account can end it.

        A subscription that is confirmed by its link can be ended by a link in each message,
        without signing in.

        Raises:
            NotFound: no subscription of this topic waits for this token.
            Unavailable, Internal: as ``translated``.
        """
        with translated("ConfirmSubscription"):
            try:
                self.client.confirm_subscription(
                    TopicArn=self.topic_arn, Token=token, AuthenticateOnUnsubscribe="true"
                )
            except ClientError as error:
                if code(error) in _REFUSED:
                    raise NotFound(code(error)) from error
                raise


@dataclass(frozen=True)
class CheckSubscriptions:
    """A scheduled task that counts the subscriptions, by state, and those that are missing.

    ``wanted``: the endpoints, in lower case, that the rules name.
    """

    topics: Sequence[TopicSubscriptions]
    wanted: Set[str]
    metrics: Metrics

    def run(self) -> Mapping[str, int]:
        """Count; return ``{confirmed, pending, missing}``.

        Raises:
            Unavailable, Internal: as ``translated``.
        """
        listed = [one for topic in self.topics for one in topic.list()]
        states = Counter(one.state for one in listed)
        present = {
            one.endpoint.lower() for one in listed if one.state is not SubscriptionState.DELETED
        }
        counts = {
            "confirmed": states[SubscriptionState.CONFIRMED],
            "pending": states[SubscriptionState.PENDING],
            "missing": len(self.wanted - present),
        }
        log.info("subscriptions_checked", extra=counts)
        self.metrics.record(
            {
                CONFIRMED_SUBSCRIPTIONS: counts["confirmed"],
                PENDING_SUBSCRIPTIONS: counts["pending"],
                MISSING_SUBSCRIPTIONS: counts["missing"],
            }
        )
        return counts
