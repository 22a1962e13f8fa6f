"""The stream of changes: send the e-mails."""

from alerta_utec.bootstrap import aws

handler = aws().alarm
