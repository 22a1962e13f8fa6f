"""The queue of wake-ups: deliver the due jobs of a webhook."""

from alerta_utec.deployments.aws.webhook import handler as handler
