"""The stream of changes: put each on the queues of its consumers."""

from alerta_utec.deployments.aws.relay import handler as handler
