"""The ``Authenticator`` of keys, in front of that of people's tokens."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerta_utec.domain.errors import Unauthorized, Unavailable
from alerta_utec.ports.authentication import Authentication, Authenticator
from alerta_utec.ports.clock import Clock
from alerta_utec.sign_in.key import KIND, PREFIX, read_token
from alerta_utec.sign_in.ports import KeyStore

log = logging.getLogger(__name__)

# How exact the time of a key's last use is: each use stores nothing in between.
LAST_USED_STEP = timedelta(minutes=1)


@dataclass(frozen=True)
class KeyAuthenticator:
    """Authenticates keys by the store, and other tokens by ``others``."""

    keys: KeyStore
    clock: Clock
    others: Authenticator

    @property
    def required(self) -> bool:
        """See ``Authenticator``."""
        return self.others.required

    def is_valid(self, credential: str) -> bool:
        """See ``Authenticator``."""
        kind, _, key_id = credential.partition(":")
        if kind != KIND:
            return self.others.is_valid(credential)
        return self.keys.get(key_id) is not None

    def authenticate(self, token: str | None) -> Authentication:
        """See ``Authenticator``; keys are checked only where sign-in is on."""
        if token is None or not self.required or not token.startswith(PREFIX):
            return self.others.authenticate(token)
        parts = read_token(token)
        if parts is None:
            raise Unauthorized("malformed_key")
        key_id, secret = parts
        key, now = self.keys.get(key_id), self.clock.now()
        if key is None or not key.accepts(secret):
            raise Unauthorized("unknown_key")
        if not key.is_valid(now):
            raise Unauthorized("expired_key")
        if key.last_used_at is None or now - key.last_used_at >= LAST_USED_STEP:
            self._note_use(key_id, now)
        return Authentication(key.identity, key.expires_at, key.credential)

    def _note_use(self, key_id: str, now: datetime) -> None:
        """Store that the key was used; a failure is logged, and the key is valid all the same."""
        try:
            self.keys.set_last_used(key_id, now)
        except Unavailable as error:
            log.warning("key_use_not_stored", extra={"key_id": key_id, "reason": str(error)})
