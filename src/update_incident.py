"""``update``: move an incident on."""

from alerta_utec.bootstrap import aws

handler = aws().update
