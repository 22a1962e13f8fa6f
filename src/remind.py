"""The schedule: ring for what is owed to webhooks and nobody has come for."""

from alerta_utec.deployments import aws_handlers

handler = aws_handlers().remind
