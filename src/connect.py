"""``$connect``: register a client."""

from alerta_utec.deployments.aws.connect import handler as handler
