"""``$default``: refuse messages without a known action."""

from alerta_utec.deployments.aws.default import handler as handler
