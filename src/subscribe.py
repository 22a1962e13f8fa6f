"""``subscribe``: hear only of what a filter concerns."""

from alerta_utec.deployments import aws_handlers

handler = aws_handlers().subscribe
