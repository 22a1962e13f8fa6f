"""The HTTP API."""

from alerta_utec.deployments import aws_handlers

handler = aws_handlers().http
