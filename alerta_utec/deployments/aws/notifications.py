"""The use cases of alarms on AWS, beside the others; each built when first used."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from alerta_utec.adapters.clock import SystemClock
from alerta_utec.deployments.aws.services import AwsServices

if TYPE_CHECKING:
    from alerta_utec.notifications.aws.dynamodb import DynamoNotifications
    from alerta_utec.notifications.rules import RuleSet
    from alerta_utec.notifications.throttle import ThrottlePolicy
    from alerta_utec.notifications.throttling import Throttle
    from alerta_utec.notifications.topic import TopicNotifier, TopicPublisher
    from alerta_utec.notifications.topic_digests import TopicDigestSender


@dataclass(frozen=True)
class AwsAlarms(AwsServices):
    """What only the function of alarms calls, and whoever sends them again."""

    @cached_property
    def alarm(self) -> "TopicNotifier":
        """Sends a change's e-mail, or holds it (as ``publish``; ``DELIVERIES_TABLE``,
        ``NOTICES_TABLE``, ``ALERTA_MAIL_LIMIT``, ``ALERTA_MAIL_WINDOW``)."""
        return replace(self.alarm_at_once, store=self._notices, policy=self._policy)

    @cached_property
    def alarm_at_once(self) -> "TopicNotifier":
        """Sends a change's e-mail, and holds none (as ``publish``; ``DELIVERIES_TABLE``)."""
        from alerta_utec.notifications.topic import TopicNotifier

        return TopicNotifier(self.publish, SystemClock(), self._record)

    @cached_property
    def digests(self) -> "TopicDigestSender":
        """Sends what ``alarm`` has held (as ``alarm``)."""
        from alerta_utec.notifications.topic_digests import TopicDigestSender

        return TopicDigestSender(
            self._throttle,
            self._notices,
            self.publish,
            self._feed,
            SystemClock(),
            self._record,
        )

    @cached_property
    def publish(self) -> "TopicPublisher":
        """Sends e-mails to the topic.

        ``ALARM_TOPIC_ARN``, ``ALERTA_TIMEZONE``, ``ALERTA_LANG``, ``CHANGES_TABLE``, and
        ``RULES_FILE`` if there are rules.
        """
        from zoneinfo import ZoneInfo

        from alerta_utec.adapters.aws import clients
        from alerta_utec.notifications.aws.sns import SnsMailer
        from alerta_utec.notifications.topic import TopicPublisher

        mailer = SnsMailer(clients.sns(), self.environment["ALARM_TOPIC_ARN"])
        timezone = ZoneInfo(self.environment["ALERTA_TIMEZONE"])
        return TopicPublisher(mailer, timezone, self.rules, self._feed, self._lang)

    @cached_property
    def rules(self) -> "RuleSet | None":
        """Who gets which alarm (``RULES_FILE``, at the root of the zip, or its content in
        ``RULES``; ``ALERTA_TIMEZONE``); none: nobody by name."""
        packed = self.environment.get("RULES")
        name = self.environment.get("RULES_FILE")
        if not packed and not name:
            return None
        from pathlib import Path
        from zoneinfo import ZoneInfo

        from alerta_utec.notifications.aws.rules import parse_rules
        from alerta_utec.notifications.rules import RuleSet

        text = packed or (Path(__file__).parents[3] / str(name)).read_text(encoding="utf-8")
        return RuleSet(parse_rules(text), ZoneInfo(self.environment["ALERTA_TIMEZONE"]))

    @cached_property
    def _throttle(self) -> "Throttle":
        from alerta_utec.notifications.throttling import Throttle

        return Throttle(self._notices, SystemClock(), self._policy)

    @property
    def _policy(self) -> "ThrottlePolicy":
        from datetime import timedelta

        from alerta_utec.notifications.throttle import ThrottlePolicy

        limit = int(self.environment["ALERTA_MAIL_LIMIT"])
        window = timedelta(seconds=int(self.environment["ALERTA_MAIL_WINDOW"]))
        return ThrottlePolicy(window=window, burst=limit, per_hour=limit)

    @cached_property
    def _notices(self) -> "DynamoNotifications":
        from alerta_utec.notifications.aws.dynamodb import DynamoNotifications

        return DynamoNotifications(self._dynamodb, self.environment["NOTICES_TABLE"])
