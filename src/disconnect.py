"""``$disconnect``: delete the connection of a client."""

from alerta_utec.deployments.aws.disconnect import handler as handler
