"""``$disconnect``: forget a client."""

from alerta_utec.deployments import aws

handler = aws().disconnect
