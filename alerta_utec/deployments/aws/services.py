"""The use cases over DynamoDB, ``@connections`` and SNS, each built when first used.

Every import is where it is needed: a Lambda loads what its own handler stands on.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from alerta_utec.adapters.clock import SystemClock

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from alerta_utec.adapters.aws.connections_api.sweep import Sweep
    from alerta_utec.adapters.aws.dynamodb.deliveries import DynamoDeliveries, MeteredDeliveries
    from alerta_utec.adapters.aws.dynamodb.feed import DynamoFeed
    from alerta_utec.app.access import Access
    from alerta_utec.app.catch_up import CatchUp
    from alerta_utec.app.fan_out import FanOut, SendShard
    from alerta_utec.app.limits import NoLimit, SubmitLimit
    from alerta_utec.app.records import Recorder
    from alerta_utec.app.sessions import Sessions, Subscriptions
    from alerta_utec.app.stats import Stats
    from alerta_utec.app.submit import Submit
    from alerta_utec.cap.alerts import CapAlerts
    from alerta_utec.domain.messages import Lang
    from alerta_utec.domain.origins import Origins
    from alerta_utec.ports.authentication import Authenticator
    from alerta_utec.ports.broadcast import Poster
    from alerta_utec.ports.connections import Connections
    from alerta_utec.ports.incidents import IncidentStore


@dataclass(frozen=True)
class AwsServices:
    """What the handlers call; settings come from ``environment``.

    ``metrics``: records of deliveries also go to stdout, as CloudWatch metrics.

    Raises:
        KeyError: on first use, where a variable that it needs is not set.
    """

    environment: Mapping[str, str]
    metrics: bool = True

    @cached_property
    def sessions(self) -> "Sessions":
        """Opens and closes connections (``CONNECTIONS_TABLE``)."""
        from alerta_utec.app.sessions import Sessions

        return Sessions(self.connections, self.authenticator)

    @cached_property
    def authenticator(self) -> "Authenticator":
        """Knows people by their tokens (``AUTH`` and the variables of ``sign_in``)."""
        from alerta_utec.deployments import sign_in

        return sign_in.authenticator(self.environment)

    @property
    def origins(self) -> "Origins":
        """Whose pages may open sockets (``ORIGINS``, with commas between; ``*``: any)."""
        from alerta_utec.domain.origins import Origins

        return Origins(tuple(filter(None, self.environment["ORIGINS"].split(","))))

    @cached_property
    def limit(self) -> "SubmitLimit | NoLimit":
        """How often one caller may submit, where people sign in (``AUTH``, ``KEYS_TABLE``)."""
        from alerta_utec.app.limits import NoLimit, SubmitLimit

        if self.environment["AUTH"] == "off":
            return NoLimit()
        from alerta_utec.adapters.aws.dynamodb.rates import DynamoRateLimits

        rates = DynamoRateLimits(self._dynamodb, self.environment["KEYS_TABLE"])
        return SubmitLimit(rates, SystemClock())

    @property
    def web_socket_url(self) -> str:
        """Where the sockets are: beside ``MANAGEMENT_ENDPOINT``."""
        return "ws" + self.environment["MANAGEMENT_ENDPOINT"].removeprefix("http")

    @cached_property
    def access(self) -> "Access":
        """Who sends a message (``CONNECTIONS_TABLE``, ``AUTH``)."""
        from alerta_utec.app.access import Access

        return Access(self.connections, sign_in=self.environment["AUTH"] != "off")

    @cached_property
    def submit(self) -> "Submit":
        """Takes in incidents (``INCIDENTS_TABLE``, ``CHANGES_TABLE``, ``KEYS_TABLE``)."""
        from alerta_utec.app.submit import Submit

        return Submit(self.incidents, SystemClock())

    @cached_property
    def catch_up(self) -> "CatchUp":
        """Tells where the feed is (as ``submit``)."""
        from alerta_utec.app.catch_up import CatchUp

        return CatchUp(self.incidents)

    @cached_property
    def subscriptions(self) -> "Subscriptions":
        """Keeps what each connection wants to hear (as ``access``)."""
        from alerta_utec.app.sessions import Subscriptions

        return Subscriptions(self.access)

    @cached_property
    def sweep(self) -> "Sweep":
        """Closes expired connections (``CONNECTIONS_TABLE``, ``MANAGEMENT_ENDPOINT``)."""
        from alerta_utec.adapters.aws.connections_api.client import connections_http
        from alerta_utec.adapters.aws.connections_api.sweep import Sweep

        sockets = connections_http(self.environment["MANAGEMENT_ENDPOINT"], keep=1)
        table = self.environment["CONNECTIONS_TABLE"]
        return Sweep(self._dynamodb, table, sockets, SystemClock())

    @cached_property
    def stats(self) -> "Stats":
        """Counts incidents (as ``submit``, ``ALERTA_TIMEZONE``)."""
        from zoneinfo import ZoneInfo

        from alerta_utec.app.stats import Stats

        timezone = ZoneInfo(self.environment["ALERTA_TIMEZONE"])
        return Stats(self.incidents, SystemClock(), timezone)

    @cached_property
    def cap(self) -> "CapAlerts":
        """Writes alerts in the name of the API's host (``MANAGEMENT_ENDPOINT``, ``AUTH``,
        ``ALERTA_TIMEZONE``, ``ALERTA_LANG``)."""
        from urllib.parse import urlsplit
        from zoneinfo import ZoneInfo

        from alerta_utec.cap.alerts import CapAlerts

        sender = urlsplit(self.environment["MANAGEMENT_ENDPOINT"]).hostname or "alerta-utec"
        timezone = ZoneInfo(self.environment["ALERTA_TIMEZONE"])
        return CapAlerts(sender, timezone, self._lang, self.environment["AUTH"] != "off")

    @cached_property
    def broadcast(self) -> "FanOut":
        """Sends a change to everyone, or has it sent.

        ``CONNECTIONS_TABLE``, ``DELIVERIES_TABLE``, ``MANAGEMENT_ENDPOINT``, ``FAN_OUT_QUEUE``.
        """
        from alerta_utec.adapters.aws import clients
        from alerta_utec.adapters.aws.sqs.shards import SqsShardQueue
        from alerta_utec.app.broadcast import Broadcast
        from alerta_utec.app.fan_out import FanOut

        broadcast = Broadcast(self.connections, self.poster, SystemClock(), self._record)
        queue = SqsShardQueue(clients.sqs(), self.environment["FAN_OUT_QUEUE"])
        return FanOut(broadcast, queue, self.deliveries, SystemClock())

    @cached_property
    def send_shard(self) -> "SendShard":
        """Sends a change to the connections of one shard.

        ``CHANGES_TABLE``, ``CONNECTIONS_TABLE``, ``DELIVERIES_TABLE``, ``MANAGEMENT_ENDPOINT``.
        """
        from alerta_utec.app.fan_out import SendShard

        return SendShard(self._feed, self.connections, self.poster, self.deliveries, SystemClock())

    @cached_property
    def connections(self) -> "Connections":
        """Who is connected (``CONNECTIONS_TABLE``)."""
        from alerta_utec.adapters.aws.dynamodb.connections import DynamoConnections

        table = self.environment["CONNECTIONS_TABLE"]
        return DynamoConnections(self._dynamodb, table, SystemClock())

    @cached_property
    def incidents(self) -> "IncidentStore":
        """The incidents (as ``submit``)."""
        from alerta_utec.adapters.aws.dynamodb.incidents import DynamoIncidents
        from alerta_utec.adapters.aws.dynamodb.table_names import IncidentTables

        names = (self.environment[f"{name}_TABLE"] for name in ("INCIDENTS", "CHANGES", "KEYS"))
        return DynamoIncidents(self._dynamodb, IncidentTables(*names))

    @cached_property
    def deliveries(self) -> "DynamoDeliveries | MeteredDeliveries":
        """The record of what was sent (``DELIVERIES_TABLE``)."""
        from alerta_utec.adapters.aws.dynamodb.deliveries import (
            DynamoDeliveries,
            MeteredDeliveries,
        )

        kept = DynamoDeliveries(self._dynamodb, self.environment["DELIVERIES_TABLE"])
        return MeteredDeliveries(kept) if self.metrics else kept

    @cached_property
    def poster(self) -> "Poster":
        """Sends frames to sockets (``MANAGEMENT_ENDPOINT``)."""
        from alerta_utec.adapters.aws.connections_api.client import connections_http
        from alerta_utec.adapters.aws.connections_api.poster import THREADS, ConnectionsApiPoster

        url = self.environment["MANAGEMENT_ENDPOINT"]
        return ConnectionsApiPoster(connections_http(url, keep=THREADS))

    @property
    def _lang(self) -> "Lang":
        from alerta_utec.domain.messages import DEFAULT_LANG, parse_lang

        return parse_lang(self.environment.get("ALERTA_LANG")) or DEFAULT_LANG

    @cached_property
    def _record(self) -> "Recorder":
        from alerta_utec.app.records import Recorder

        return Recorder(self.deliveries)

    @cached_property
    def _feed(self) -> "DynamoFeed":
        from alerta_utec.adapters.aws.dynamodb.feed import DynamoFeed

        return DynamoFeed(self._dynamodb, self.environment["CHANGES_TABLE"])

    @cached_property
    def _dynamodb(self) -> "DynamoDBClient":
        from alerta_utec.adapters.aws import clients

        return clients.dynamodb()
