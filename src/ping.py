"""``ping``: tell a client where the feed is."""

from alerta_utec.bootstrap import aws

handler = aws().ping
