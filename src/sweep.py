"""The schedule: close expired connections."""

from alerta_utec.deployments.aws.sweep import handler as handler
