"""``subscribe``: hear only of what a filter concerns."""

from alerta_utec.bootstrap import aws

handler = aws().subscribe
