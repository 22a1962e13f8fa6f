"""The queue of changes for webhooks: create the jobs of webhooks."""

from alerta_utec.deployments.aws.webhooks import handler as handler
