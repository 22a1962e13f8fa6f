"""``subscribe``: change the filter of a client."""

from alerta_utec.deployments.aws.subscribe import handler as handler
