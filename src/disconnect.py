"""``$disconnect``: forget a client."""

from alerta_utec.deployments import aws_handlers

handler = aws_handlers().disconnect
