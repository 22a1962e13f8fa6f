"""``notify``: report an incident."""

from alerta_utec.deployments.aws.notify import handler as handler
