"""The handlers on AWS, each built when first used, and their logs."""

import gc
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.logging import Logger

from alerta_utec.deployments.aws.services import AwsServices

if TYPE_CHECKING:
    from alerta_utec.deployments.aws.webhooks import AwsWebhooks
    from alerta_utec.domain.change import Change
    from alerta_utec.domain.messages import Lang
    from alerta_utec.handlers.websocket import Action

Handler = Callable[[Any, Any], Any]


@dataclass(frozen=True)
class AwsHome:
    """One Lambda handler per attribute, from the environment that serverless.yml gives it.

    Records of the ``alerta_utec`` loggers go to stdout as JSON, with the invocation's
    request id and whether it was a cold start.
    """

    environment: Mapping[str, str]

    @cached_property
    def services(self) -> AwsServices:
        """What the handlers stand on."""
        return AwsServices(self.environment)

    @cached_property
    def webhook_services(self) -> "AwsWebhooks":
        """The same, and those of webhooks."""
        from alerta_utec.deployments.aws.webhooks import AwsWebhooks

        return AwsWebhooks(self.environment)

    @cached_property
    def connect(self) -> Handler:
        """``$connect``."""
        from alerta_utec.handlers.connections import Connect

        return self._logged(Connect(self.services.sessions, self.services.origins))

    @cached_property
    def disconnect(self) -> Handler:
        """``$disconnect``."""
        from alerta_utec.handlers.connections import Disconnect

        return self._logged(Disconnect(self.services.sessions))

    @cached_property
    def notify(self) -> Handler:
        """``notify``; answers through ``@connections``, since it often has none to give."""
        from alerta_utec.handlers.websocket import Notify

        return self._one_way(
            Notify(self.services.submit, self.services.access, self.services.limit)
        )

    @cached_property
    def update(self) -> Handler:
        """``update``; answers as ``notify``."""
        from alerta_utec.handlers.websocket import UpdateIncident

        return self._one_way(
            UpdateIncident(self.services.submit, self.services.access, self.services.limit)
        )

    @cached_property
    def subscribe(self) -> Handler:
        """``subscribe``; answers as ``notify``."""
        from alerta_utec.handlers.websocket import Subscribe

        return self._one_way(Subscribe(self.services.subscriptions))

    @cached_property
    def ping(self) -> Handler:
        """``ping``, two-way."""
        from alerta_utec.handlers.websocket import Ping

        return self._two_way(Ping(self.services.catch_up, self.services.access))

    @cached_property
    def sync(self) -> Handler:
        """``sync``, two-way."""
        from alerta_utec.handlers.websocket import Sync

        return self._two_way(Sync(self.services.catch_up, self.services.access))

    @cached_property
    def default(self) -> Handler:
        """``$default``, two-way."""
        from alerta_utec.handlers.websocket import Default

        return self._two_way(Default())

    @cached_property
    def http(self) -> Handler:
        """The HTTP API."""
        from alerta_utec.handlers.http import HttpApi

        services = self.webhook_services
        api = HttpApi(
            services.incidents,
            services.deliveries,
            services.submit,
            services.stats,
            services.authenticator,
            services.limit,
            lambda _request: services.web_socket_url,
            services.cap,
            lambda: services.manage_webhooks,
        )
        return self._logged(api)

    @cached_property
    def broadcast(self) -> Handler:
        """The stream of changes, to the sockets."""
        return self._consumer(self.services.broadcast.broadcast)

    @cached_property
    def fanout(self) -> Handler:
        """The queue of shards, to the sockets."""
        from alerta_utec.adapters.aws.sqs.shards import shard_of
        from alerta_utec.handlers.queue import QueueConsumer

        return self._logged(QueueConsumer(shard_of, self.services.send_shard.send))

    @cached_property
    def alarm(self) -> Handler:
        """The stream of changes, to e-mail, and the schedule, which lets leave what is held."""
        from alerta_utec.adapters.aws.dynamodb.items import change_from_image
        from alerta_utec.deployments.aws.notifications import AwsAlarms
        from alerta_utec.handlers.stream import StreamConsumer, StreamOrSchedule

        services = AwsAlarms(self.environment)
        alarm = services.alarm
        # An e-mail is one call with timeouts of its own.
        stream = StreamConsumer(change_from_image, lambda change, _deadline_s: alarm.notify(change))
        return self._logged(StreamOrSchedule(stream, services.digests.send_due))

    @cached_property
    def sweep(self) -> Handler:
        """The schedule, which closes expired connections."""
        sweep = self.services.sweep
        return self._logged(lambda _event, _context: sweep.close_expired())

    @cached_property
    def webhooks(self) -> Handler:
        """The stream of changes, to the webhooks' jobs."""
        jobs = self.webhook_services.enqueue_webhook_jobs
        return self._consumer(lambda change, _deadline_s: jobs.enqueue(change))

    @cached_property
    def webhook(self) -> Handler:
        """The queue of wake-ups, to the receivers of webhooks."""
        from alerta_utec.handlers.queue import QueueConsumer
        from alerta_utec.webhooks.aws.wakeups import parse_wakeup

        due_jobs = self.webhook_services.deliver_due_jobs
        return self._logged(QueueConsumer(parse_wakeup, due_jobs.deliver))

    @cached_property
    def remind(self) -> Handler:
        """The schedule, which sends wake-ups for overdue jobs of webhooks."""
        overdue = self.webhook_services.requeue_overdue
        return self._logged(lambda _event, _context: overdue.run())

    def _one_way(self, action: "Action") -> Handler:
        from alerta_utec.handlers.websocket import MessageRoute

        return self._logged(MessageRoute(action, self._lang, self.services.poster))

    def _two_way(self, action: "Action") -> Handler:
        from alerta_utec.handlers.websocket import MessageRoute

        return self._logged(MessageRoute(action, self._lang))

    def _lang(self, connection_id: str) -> "Lang":
        # Only refusals need it, so nothing is loaded for it before there is one.
        return self.services.access.lang(connection_id)

    def _consumer(self, consume: Callable[["Change", float | None], object]) -> Handler:
        from alerta_utec.adapters.aws.dynamodb.items import change_from_image
        from alerta_utec.handlers.stream import StreamConsumer

        return self._logged(StreamConsumer(change_from_image, consume))

    def _logged(self, handler: Handler) -> Handler:
        logger = Logger(service="alerta_utec", use_rfc3339=True, utc=True)
        logged: Handler = logger.inject_lambda_context(handler)
        # ``aws_handlers`` turned it off; what there is by now is never looked at again.
        gc.freeze()
        gc.enable()
        return logged
