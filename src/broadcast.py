"""The stream of changes: send each to every client."""

from alerta_utec.deployments.aws.broadcast import handler as handler
