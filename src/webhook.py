"""The queue of bells: send what is due to a webhook."""

from alerta_utec.bootstrap import aws

handler = aws().webhook
