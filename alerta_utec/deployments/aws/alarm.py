"""The Lambda that reads the queue of notifications and runs each minute: sends the e-mails.

The schedule sends those that were held.
"""

from os import environ

from alerta_utec.adapters.aws import clients
from alerta_utec.adapters.clock import SystemClock
from alerta_utec.app.records import Recorder
from alerta_utec.deployments.aws.entry import lambda_handler
from alerta_utec.deployments.aws.services.deliveries import metered_deliveries
from alerta_utec.deployments.aws.services.feed import change_feed
from alerta_utec.deployments.aws.services.notifications import (
    notification_store,
    throttle_policy,
    throttled_notifier,
    topic_publisher,
)
from alerta_utec.deployments.aws.services.relay import relayed_changes
from alerta_utec.handlers.stream import RecordsOrSchedule
from alerta_utec.notifications.aws.incident_states import DynamoIncidentStates
from alerta_utec.notifications.throttling import Throttle
from alerta_utec.notifications.topic_digests import TopicDigestSender

dynamodb, clock = clients.dynamodb(), SystemClock()
feed, store = change_feed(dynamodb, environ), notification_store(dynamodb, environ)
recorder = Recorder(metered_deliveries(dynamodb, environ))
publisher = topic_publisher(environ, feed)
states = DynamoIncidentStates(dynamodb, environ["INCIDENTS_TABLE"], feed)
throttle = Throttle(store, states, clock, throttle_policy(environ))
notifier = throttled_notifier(publisher, store, throttle, recorder)
digests = TopicDigestSender(throttle, store, publisher, feed, clock, recorder)
queue = relayed_changes("email", environ, feed, notifier.notify)
handler = lambda_handler(RecordsOrSchedule(queue, digests.send_due).handle)
