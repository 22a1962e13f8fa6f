"""``notify``: take in one incident."""

from alerta_utec.deployments import aws_handlers

handler = aws_handlers().notify
