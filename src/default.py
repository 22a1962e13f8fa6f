"""``$default``: answer whatever names no route."""

from alerta_utec.bootstrap import aws

handler = aws().default
