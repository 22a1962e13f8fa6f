"""The stream of changes: send each to every client."""

from alerta_utec.bootstrap import aws

handler = aws().broadcast
