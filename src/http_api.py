"""The HTTP API."""

from alerta_utec.bootstrap import aws

handler = aws().http
