"""The stream of changes: create the jobs of webhooks."""

from alerta_utec.deployments.aws.webhooks import handler as handler
