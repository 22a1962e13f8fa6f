"""``ping``: return the position of the feed."""

from alerta_utec.deployments.aws.ping import handler as handler
