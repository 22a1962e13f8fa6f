"""The queue of bells: send what is due to a webhook."""

from alerta_utec.deployments import aws_handlers

handler = aws_handlers().webhook
