"""``sync``: tell a client what it has missed."""

from alerta_utec.deployments import aws_handlers

handler = aws_handlers().sync
