"""``$disconnect``: forget a client."""

from alerta_utec.bootstrap import aws

handler = aws().disconnect
