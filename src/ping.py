"""``ping``: tell a client where the feed is."""

from alerta_utec.deployments import aws_handlers

handler = aws_handlers().ping
