"""The Lambda of the route ``$default``: refuses messages without a known action."""

from os import environ

from alerta_utec.app.access import Access
from alerta_utec.deployments.aws.entry import lambda_handler
from alerta_utec.domain.messages import Lang
from alerta_utec.handlers.messages import MessageRoute
from alerta_utec.handlers.websocket import Default


class StoredLanguages:
    """The ``Languages`` of the stored connections, which need AWS's SDK.

    The SDK is loaded at the first message, not with the Lambda: on connections that send
    nothing of use it should cost the least.
    """

    def __init__(self) -> None:
        self._access: Access | None = None

    def lang(self, connection_id: str) -> Lang:
        """Return the language of the connection's responses."""
        if self._access is None:
            from alerta_utec.adapters.aws import clients
            from alerta_utec.deployments.aws.services.connections import connection_store

            self._access = Access(connection_store(clients.dynamodb(), environ), sign_in=False)
        return self._access.lang(connection_id)


handler = lambda_handler(MessageRoute(Default(), StoredLanguages()).handle)
