"""``sync``: tell a client what it has missed."""

from alerta_utec.bootstrap import aws

handler = aws().sync
