"""``sync``: return what a client has missed."""

from alerta_utec.deployments.aws.sync import handler as handler
