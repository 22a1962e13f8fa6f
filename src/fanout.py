"""The queue of shards: send a change to some of many clients."""

from alerta_utec.deployments import aws_handlers

handler = aws_handlers().fanout
