"""The stream of changes: send each to every client."""

from alerta_utec.deployments import aws_handlers

handler = aws_handlers().broadcast
