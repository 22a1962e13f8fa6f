"""The stream of changes: owe each to the webhooks that it concerns."""

from alerta_utec.bootstrap import aws

handler = aws().webhooks
