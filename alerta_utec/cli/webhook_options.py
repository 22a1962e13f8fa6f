"""Options of the commands of ``alerta-utec webhooks``."""

import click

from alerta_utec.webhooks.formats import Format

webhook_id = click.argument("webhook_id", metavar="ID")
webhook_description = click.option("--description", metavar="TEXTO", help="Para qué sirve.")
webhook_format = click.option(
    "--format",
    "content_format",
    type=click.Choice([one.value for one in Format]),
    help="json: application/json; cloudevents: application/cloudevents+json.",
)
webhook_secret = click.option(
    "--secret",
    envvar="ALERTA_WEBHOOK_SECRET",
    metavar="SECRETO",
    show_envvar=True,
    help="Un secreto propio: whsec_ y de 24 a 64 bytes en base64. Mejor en la variable.",
)
