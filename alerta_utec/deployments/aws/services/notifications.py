"""The e-mails to the topic: at once, or held and sent together later."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from alerta_utec.adapters.aws import clients
from alerta_utec.adapters.aws.dynamodb.feed import DynamoFeed
from alerta_utec.adapters.clock import SystemClock
from alerta_utec.app.records import Recorder
from alerta_utec.deployments.aws.services.campus import lang, timezone
from alerta_utec.notifications.aws.dynamodb import DynamoNotifications
from alerta_utec.notifications.aws.rules import parse_rules
from alerta_utec.notifications.aws.sns import SnsMailer
from alerta_utec.notifications.rules import RuleSet
from alerta_utec.notifications.style import MessageStyle
from alerta_utec.notifications.throttle_state import ThrottlePolicy
from alerta_utec.notifications.throttling import Throttle
from alerta_utec.notifications.topic import TopicNotifier, TopicPublisher

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# The folder of alerta_utec, which is the root of a Lambda's zip.
_ROOT = Path(__file__).parents[4]


def topic_publisher(environment: Mapping[str, str], feed: DynamoFeed) -> TopicPublisher:
    """Return what sends e-mails to the topic.

    ``ALARM_TOPIC_ARN``, ``ALERTA_TIMEZONE``, ``ALERTA_LANG``, ``PANEL_URL``, and as ``rule_set``.
    """
    mailer = SnsMailer(clients.sns(), environment["ALARM_TOPIC_ARN"])
    rules = rule_set(environment)
    style = MessageStyle(timezone(environment), lang(environment), environment.get("PANEL_URL"))
    return TopicPublisher(mailer, style, rules, feed)


def rule_set(environment: Mapping[str, str]) -> RuleSet | None:
    """Return the rules that select recipients; ``None``: the topic's subscribers get everything.

    ``RULES_FILE``, at the root of the zip, or its content in ``RULES``; ``ALERTA_TIMEZONE``.
    """
    packed, name = environment.get("RULES"), environment.get("RULES_FILE")
    if not packed and not name:
        return None
    text = packed or (_ROOT / str(name)).read_text(encoding="utf-8")
    return RuleSet(parse_rules(text), timezone(environment))


def notifier_at_once(publisher: TopicPublisher, recorder: Recorder) -> TopicNotifier:
    """Return what sends a change's e-mail and holds none."""
    return TopicNotifier(publisher, SystemClock(), recorder)


def throttled_notifier(
    publisher: TopicPublisher,
    store: DynamoNotifications,
    throttle: Throttle,
    recorder: Recorder,
) -> TopicNotifier:
    """Return what sends a change's e-mail, or holds it as the throttle decides."""
    return replace(notifier_at_once(publisher, recorder), store=store, throttle=throttle)


def notification_store(
    dynamodb: "DynamoDBClient", environment: Mapping[str, str]
) -> DynamoNotifications:
    """Return the store of held e-mails (``NOTICES_TABLE``)."""
    return DynamoNotifications(dynamodb, environment["NOTICES_TABLE"])


def throttle_policy(environment: Mapping[str, str]) -> ThrottlePolicy:
    """Return how many e-mails leave at once (``ALERTA_MAIL_LIMIT``, ``ALERTA_MAIL_WINDOW``)."""
    limit = int(environment["ALERTA_MAIL_LIMIT"])
    window = timedelta(seconds=int(environment["ALERTA_MAIL_WINDOW"]))
    # Without sign-in, which only a stage for development has, all callers share one allowance.
    return ThrottlePolicy(window=window, burst=limit, per_hour=limit, anonymous_burst=limit)
