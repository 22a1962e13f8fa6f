"""``$connect``: take in a client."""

from alerta_utec.bootstrap import aws

handler = aws().connect
