"""The entry points on AWS: one file for each Lambda, and ``utils`` for scripts and consoles."""

from alerta_utec.deployments.aws import cold_start

# Before a Lambda's file loads anything else; ``lambda_handler`` ends it.
cold_start.begin()
