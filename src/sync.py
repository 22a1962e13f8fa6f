"""``sync``: tell a client what it has missed."""

from alerta_utec.deployments import aws

handler = aws().sync
