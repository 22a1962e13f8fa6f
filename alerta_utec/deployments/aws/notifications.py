"""The use cases of alarms on AWS, beside the others; each built when first used."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from alerta_utec.adapters.clock import SystemClock
from alerta_utec.deployments.aws.services import AwsServices

if TYPE_CHECKING:
    from alerta_utec.notifications.aws.digests import TopicDigests
    from alerta_utec.notifications.aws.dynamodb import DynamoNotices
    from alerta_utec.notifications.aws.topic import Publish, TopicAlarm
    from alerta_utec.notifications.rules import Routes
    from alerta_utec.notifications.throttle import Measure
    from alerta_utec.notifications.throttling import Storms


@dataclass(frozen=True)
class AwsAlarms(AwsServices):
    """What only the function of alarms calls, and whoever sends them again."""

    @cached_property
    def alarm(self) -> "TopicAlarm":
        """Sends a change's e-mail, or holds it (as ``publish``; ``DELIVERIES_TABLE``,
        ``NOTICES_TABLE``, ``ALERTA_MAIL_LIMIT``, ``ALERTA_MAIL_WINDOW``)."""
        return replace(self.alarm_at_once, memory=self._notices, measure=self._measure)

    @cached_property
    def alarm_at_once(self) -> "TopicAlarm":
        """Sends a change's e-mail, and holds none (as ``publish``; ``DELIVERIES_TABLE``)."""
        from alerta_utec.notifications.aws.topic import TopicAlarm

        return TopicAlarm(self.publish, SystemClock(), self._record)

    @cached_property
    def digests(self) -> "TopicDigests":
        """Sends what ``alarm`` has held (as ``alarm``)."""
        from alerta_utec.notifications.aws.digests import TopicDigests

        return TopicDigests(
            self._storms,
            self._notices,
            self.publish,
            self._feed.those,
            self._feed.epoch,
            SystemClock(),
            self._record,
        )

    @cached_property
    def publish(self) -> "Publish":
        """Sends e-mails to the topic.

        ``ALARM_TOPIC_ARN``, ``ALERTA_TIMEZONE``, ``ALERTA_LANG``, ``CHANGES_TABLE``, and
        ``ROUTES_FILE`` where there are routes.
        """
        from zoneinfo import ZoneInfo

        from alerta_utec.adapters.aws import clients
        from alerta_utec.notifications.aws.sns import SnsMailer
        from alerta_utec.notifications.aws.topic import Publish

        mailer = SnsMailer(clients.sns(), self.environment["ALARM_TOPIC_ARN"])
        timezone = ZoneInfo(self.environment["ALERTA_TIMEZONE"])
        return Publish(mailer, timezone, self.routes, self._feed.before_change, self._lang)

    @cached_property
    def routes(self) -> "Routes | None":
        """Who gets which alarm (``ROUTES_FILE``, at the root of the zip, or its content in
        ``ROUTES``; ``ALERTA_TIMEZONE``); none: nobody by name."""
        packed = self.environment.get("ROUTES")
        name = self.environment.get("ROUTES_FILE")
        if not packed and not name:
            return None
        from pathlib import Path
        from zoneinfo import ZoneInfo

        from alerta_utec.notifications.aws.rules import parse_rules
        from alerta_utec.notifications.rules import Routes

        text = packed or (Path(__file__).parents[3] / str(name)).read_text(encoding="utf-8")
        return Routes(parse_rules(text), ZoneInfo(self.environment["ALERTA_TIMEZONE"]))

    @cached_property
    def _storms(self) -> "Storms":
        from alerta_utec.notifications.throttling import Storms

        return Storms(self._notices, SystemClock(), self._measure)

    @property
    def _measure(self) -> "Measure":
        from datetime import timedelta

        from alerta_utec.notifications.throttle import Measure

        limit = int(self.environment["ALERTA_MAIL_LIMIT"])
        window = timedelta(seconds=int(self.environment["ALERTA_MAIL_WINDOW"]))
        return Measure(window=window, burst=limit, per_hour=limit)

    @cached_property
    def _notices(self) -> "DynamoNotices":
        from alerta_utec.notifications.aws.dynamodb import DynamoNotices

        return DynamoNotices(self._dynamodb, self.environment["NOTICES_TABLE"])
