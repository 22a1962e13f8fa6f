"""The schedule: count the subscriptions of the topics."""

from alerta_utec.deployments.aws.subscriptions import handler as handler
