"""The routes of keys."""

from alerta_utec.deployments.aws.signinapi import handler as handler
