"""The HTTP API."""

from alerta_utec.deployments import aws

handler = aws().http
