"""The use cases behind ``src/utils.py``, each built at its first use.

Settings come from the environment, as for the Lambdas; each use case needs only its own.
"""

from functools import cache
from os import environ
from typing import TYPE_CHECKING

from alerta_utec.adapters.aws import clients
from alerta_utec.adapters.aws.connections_api.poster import ConnectionsApiPoster
from alerta_utec.adapters.aws.dynamodb.connections import DynamoConnections
from alerta_utec.adapters.clock import SystemClock
from alerta_utec.app.records import Recorder
from alerta_utec.app.sessions import Sessions
from alerta_utec.app.submit import Submit
from alerta_utec.deployments.aws.services import notifications, sockets
from alerta_utec.deployments.aws.services.connections import connection_store
from alerta_utec.deployments.aws.services.deliveries import delivery_record
from alerta_utec.deployments.aws.services.feed import change_feed
from alerta_utec.deployments.aws.services.incidents import incident_store
from alerta_utec.deployments.aws.services.signing_in import token_authenticator
from alerta_utec.notifications.topic import TopicNotifier

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@cache
def connections() -> DynamoConnections:
    """Return the store of connections."""
    return connection_store(_dynamodb(), environ)


@cache
def sessions() -> Sessions:
    """Return the use case that opens connections."""
    return Sessions(connections(), token_authenticator(environ))


@cache
def poster() -> ConnectionsApiPoster:
    """Return what sends frames to sockets."""
    return sockets.poster(environ)


@cache
def submit() -> Submit:
    """Return the use case that stores incidents."""
    return Submit(incident_store(_dynamodb(), environ), SystemClock())


@cache
def notifier_at_once() -> TopicNotifier:
    """Return what sends a change's e-mail and holds none."""
    publisher = notifications.topic_publisher(environ, change_feed(_dynamodb(), environ))
    # Without metrics: stdout belongs to the caller.
    recorder = Recorder(delivery_record(_dynamodb(), environ))
    return notifications.notifier_at_once(publisher, recorder)


@cache
def _dynamodb() -> "DynamoDBClient":
    return clients.dynamodb()
