"""The schedule: close connections whose time is over."""

from alerta_utec.bootstrap import aws

handler = aws().sweep
