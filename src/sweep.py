"""The schedule: close connections whose time is over."""

from alerta_utec.deployments import aws_handlers

handler = aws_handlers().sweep
