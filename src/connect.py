"""``$connect``: take in a client."""

from alerta_utec.deployments import aws

handler = aws().connect
