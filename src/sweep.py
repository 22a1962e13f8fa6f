"""The schedule: close connections whose time is over."""

from alerta_utec.deployments import aws

handler = aws().sweep
