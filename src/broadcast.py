"""The stream of changes: send each to every client."""

from alerta_utec.deployments import aws

handler = aws().broadcast
