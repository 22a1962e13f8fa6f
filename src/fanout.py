"""The queue of shards: send a change to some of many clients."""

from alerta_utec.bootstrap import aws

handler = aws().fanout
