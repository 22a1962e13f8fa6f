"""The schedule: send wake-ups for overdue jobs of webhooks."""

from alerta_utec.deployments.aws.remind import handler as handler
