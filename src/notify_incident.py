"""``notify``: take in one incident."""

from alerta_utec.deployments import aws

handler = aws().notify
