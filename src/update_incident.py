"""``update``: move an incident on."""

from alerta_utec.deployments import aws_handlers

handler = aws_handlers().update
