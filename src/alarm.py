"""The stream of changes: send the e-mails."""

from alerta_utec.deployments import aws_handlers

handler = aws_handlers().alarm
