"""``update``: move an incident on."""

from alerta_utec.deployments import aws

handler = aws().update
