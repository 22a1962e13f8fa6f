"""The HTTP API and the panel."""

from alerta_utec.deployments.aws.http import handler as handler
