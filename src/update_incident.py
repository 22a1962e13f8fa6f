"""``update``: change an incident."""

from alerta_utec.deployments.aws.update import handler as handler
