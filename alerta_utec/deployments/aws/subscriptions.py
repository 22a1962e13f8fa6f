"""The Lambda that runs each hour: counts the subscriptions of both topics."""

from collections.abc import Mapping
from os import environ

from alerta_utec.adapters.aws import clients
from alerta_utec.deployments.aws.entry import lambda_handler
from alerta_utec.deployments.aws.services.metrics import embedded_metrics
from alerta_utec.deployments.aws.services.notifications import rule_set
from alerta_utec.notifications.aws.subscriptions import CheckSubscriptions, TopicSubscriptions

sns, rules = clients.sns(), rule_set(environ)
topics = [
    TopicSubscriptions(sns, environ[name]) for name in ("ALARM_TOPIC_ARN", "OPERATORS_TOPIC_ARN")
]
wanted = {one.address.lower() for one in rules.recipients.values()} if rules else set()
check = CheckSubscriptions(topics, wanted, embedded_metrics(environ))


def handle(_event: object, _context: object) -> Mapping[str, int]:
    """Run once; the schedule's event has no content."""
    return check.run()


handler = lambda_handler(handle)
