"""The storage of one machine, and the wiring of its commits.

``BatchYield`` joins ``adapters/sqlite/group_commit.py`` to the gateway's cooperative executor:
``gateway/session.py`` and ``gateway/core.py`` submit the handlers that commit to
``gateway/executor.py``, with the time limits of ``gateway/deadlines.py``.
"""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from alerta_utec.adapters.sqlite.data_folder import DataFolder
from alerta_utec.adapters.sqlite.database import Database
from alerta_utec.adapters.sqlite.deliveries import SqliteDeliveries
from alerta_utec.adapters.sqlite.group_commit import CommitListener
from alerta_utec.adapters.sqlite.incidents import SqliteIncidents
from alerta_utec.deployments.local.settings import LocalSettings
from alerta_utec.deployments.local.webhooks import WebhookStorage
from alerta_utec.gateway.executor import BatchYield
from alerta_utec.notifications.local.channels import channels_for
from alerta_utec.notifications.local.discarding import DiscardingMailer
from alerta_utec.notifications.local.sqlite import SqliteNotifications
from alerta_utec.notifications.ports import NotificationStore
from alerta_utec.notifications.recipients import Recipient
from alerta_utec.notifications.sender import NotificationChannel
from alerta_utec.ports.deliveries import Deliveries
from alerta_utec.ports.incidents import IncidentStore
from alerta_utec.sign_in.local.keys import SqliteKeys
from alerta_utec.sign_in.ports import KeyStore
from alerta_utec.webhooks.local.sqlite import SqliteWebhookJobs, SqliteWebhooks


@dataclass(frozen=True)
class Storage:
    """The stores of one machine, and the channels by which its e-mails leave."""

    store: IncidentStore
    notifications: NotificationStore
    channels: Sequence[NotificationChannel]
    deliveries: Deliveries
    webhooks: WebhookStorage
    keys: KeyStore


def open_storage(
    settings: LocalSettings, listener: CommitListener, resources: ExitStack
) -> Storage:
    """Open the data folder, or with ``--ephemeral`` a temporary one.

    ``resources`` closes the storage and removes the temporary folder. A process that is killed
    (SIGKILL) leaves that folder in the system's.

    Raises:
        DataRefused: the data folder is in use by another server or cannot be used.
        ValueError: the mail URL is not usable.
    """
    path, recipients = settings.data, settings.rule_set().recipients
    if settings.ephemeral:
        path = Path(resources.enter_context(TemporaryDirectory(prefix="alerta-utec-")))
    folder = resources.enter_context(DataFolder.open(path))
    channels = _channels(settings, recipients, folder.maildir)
    database = Database(folder.database, durable=not settings.ephemeral)
    resources.enter_context(closing(database))
    notifications = SqliteNotifications(database)
    store = SqliteIncidents(
        database, listener=listener, steps=[notifications], scheduler=BatchYield()
    )
    webhooks = WebhookStorage(SqliteWebhooks(database), SqliteWebhookJobs(database))
    return Storage(
        store,
        notifications,
        channels,
        SqliteDeliveries(database),
        webhooks,
        SqliteKeys(database),
    )


def _channels(
    settings: LocalSettings, recipients: Mapping[str, Recipient], maildir: Path
) -> Sequence[NotificationChannel]:
    if settings.ephemeral:
        return [NotificationChannel(dict.fromkeys(recipients, DiscardingMailer()))]
    return channels_for(settings.mail_url, settings.mail_from, recipients.values(), maildir)
