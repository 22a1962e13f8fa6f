"""``notify``: take in one incident."""

from alerta_utec.bootstrap import aws

handler = aws().notify
