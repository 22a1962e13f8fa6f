"""The queue of shards: send a change to some of many clients."""

from alerta_utec.deployments.aws.fanout import handler as handler
