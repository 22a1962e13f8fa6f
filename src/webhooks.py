"""The stream of changes: owe each to the webhooks that it concerns."""

from alerta_utec.deployments import aws_handlers

handler = aws_handlers().webhooks
