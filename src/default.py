"""``$default``: answer whatever names no route."""

from alerta_utec.deployments import aws

handler = aws().default
