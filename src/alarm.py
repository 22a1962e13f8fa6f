"""The queue of notifications and the schedule: send the e-mails."""

from alerta_utec.deployments.aws.alarm import handler as handler
