"""The HTTP routes of webhooks."""

from alerta_utec.deployments.aws.webhookapi import handler as handler
