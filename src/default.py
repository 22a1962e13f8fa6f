"""``$default``: answer whatever names no route."""

from alerta_utec.deployments import aws_handlers

handler = aws_handlers().default
