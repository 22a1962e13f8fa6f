"""The subscriptions of a deployed stack's topics, with the operator's credentials."""

from collections.abc import Mapping
from dataclasses import dataclass

from alerta_utec.adapters.aws import clients
from alerta_utec.deployments.aws.stack import DeployedStack, find_stack
from alerta_utec.notifications.aws.subscriptions import TopicSubscriptions

# The outputs of the stack that name its topics.
ALARMS, OPERATORS = "AlarmTopic", "OperatorsTopic"


@dataclass(frozen=True)
class StackTopics:
    """The two topics of a stack: of incidents, and of the alarms of the service itself."""

    stack: DeployedStack
    topics: Mapping[str, TopicSubscriptions]


def connect(name: str, *, region: str | None) -> StackTopics:
    """Find the stack ``name`` and its topics.

    Raises:
        As ``find_stack``.
    """
    found = find_stack(name, region=region, wanted=(ALARMS, OPERATORS))
    sns = clients.sns()
    topics = {
        output: TopicSubscriptions(sns, found.outputs[output]) for output in (ALARMS, OPERATORS)
    }
    return StackTopics(found, topics)
