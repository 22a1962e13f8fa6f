"""Management of keys: make, list and revoke."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from alerta_utec.domain.errors import InvalidRequest, NotFound, Problem
from alerta_utec.ports.clock import Clock
from alerta_utec.ports.connections import CredentialConnections
from alerta_utec.sign_in.key import KEYS_MAX, Key, new_key_id
from alerta_utec.sign_in.key_request import KeyRequest
from alerta_utec.sign_in.ports import KeyStore

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ManageKeys:
    """The operations on keys; the caller checks who may perform them.

    ``by`` is the caller. Each change is logged with its caller, never with a secret.
    """

    keys: KeyStore
    connections: CredentialConnections
    clock: Clock

    def create(self, data: object, *, by: str | None) -> tuple[Key, str]:
        """Make a key; return it with its token, which is stored nowhere.

        Raises:
            InvalidRequest: with every problem found; or there are ``KEYS_MAX`` already.
            Unavailable.
        """
        now = self.clock.now()
        wanted = KeyRequest.parse(data, now=now)
        if len(self.keys.all()) >= KEYS_MAX:
            raise InvalidRequest(problems=[Problem("keys", "too_many_keys", {"max": KEYS_MAX})])
        key, token = Key(
            key_id=new_key_id(),
            name=wanted.name,
            grant=wanted.grant,
            created_at=now,
            created_by=by,
            expires_at=wanted.expires_at,
        ).with_secret()
        self.keys.add(key)
        log.info(
            "key_made", extra=_fields(key, by) | {"scopes": ",".join(sorted(key.grant.scopes))}
        )
        return key, token

    def all(self) -> Sequence[Key]:
        """Return every key, the oldest first, those that have expired included.

        Raises:
            Unavailable.
        """
        return self.keys.all()

    def revoke(self, key_id: str, *, by: str | None) -> None:
        """Delete the key, and close the connections that it opened.

        Raises:
            NotFound, Unavailable.
        """
        key = self.keys.get(key_id)
        if key is None or not self.keys.delete(key_id):
            raise NotFound(key_id)
        log.info("key_revoked", extra=_fields(key, by))
        closed = self.connections.close_all(key.credential)
        log.info("key_connections_closed", extra={"key_id": key_id, "count": closed})


def _fields(key: Key, by: str | None) -> dict[str, str | None]:
    return {"key_id": key.key_id, "key_name": key.name, "by": by}
