"""An issuer's published keys (JSON Web Key Set, RFC 7517), cached and kept through its outages."""

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jwt
import urllib3

from alerta_utec.adapters.tls import client_context
from alerta_utec.domain.errors import Unauthorized, Unavailable

log = logging.getLogger(__name__)

# The age at which the keys are fetched again, while the known ones stay in use.
REFRESH_AFTER_S = 300.0
# The age up to which the known keys are valid while the issuer is down or answers nonsense.
KEPT_MAX_S = 6 * 3600.0
# The shortest time between two fetches, also during a flood of unknown key ids.
COOLDOWN_S = 30.0
FETCH_TIMEOUT_S = 5.0
DOCUMENT_MAX_BYTES = 1024 * 1024
# Callers that may wait for the fetch in progress; further ones are refused at once, so that they
# do not occupy every thread of the service.
WAITING_MAX = 4
# The most keys that are tried for a token without a key id.
CANDIDATES_MAX = 8
_CHUNK_BYTES = 64 * 1024
ALGORITHMS = ("RS256", "ES256")

Fetch = Callable[[str], bytes]


@dataclass(frozen=True, slots=True)
class _KeySet:
    keys: Sequence[jwt.PyJWK]
    fetched_at_s: float

    def candidates(self, kid: str | None, algorithm: str) -> Sequence[jwt.PyJWK]:
        """Return the keys that can have signed a token with this header.

        RFC 7515, section 4.1.4: ``kid`` is a hint, and both sides may leave it out.
        """
        family = [key for key in self.keys if key.algorithm_name == algorithm]
        if kid is None:
            return family[:CANDIDATES_MAX]
        named = [key for key in family if key.key_id == kid]
        return named or [key for key in family if key.key_id is None][:CANDIDATES_MAX]


class PublishedKeys:
    """The keys at one address; safe for several threads.

    A known key is returned at once, whatever the issuer does. Only one fetch runs at a time, and
    at most ``WAITING_MAX`` callers with an unknown key wait for it.

    Args:
        fetch: returns the document at an address; raises ``Unavailable`` within
            ``FETCH_TIMEOUT_S``.
    """

    def __init__(
        self,
        url: str,
        *,
        fetch: Fetch | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url
        self._fetch = fetch or fetch_document
        self._monotonic = monotonic
        self._known: _KeySet | None = None
        self._attempted_at_s: float | None = None
        self._failed = False
        self._fetching = threading.Lock()
        self._waiting = threading.BoundedSemaphore(WAITING_MAX)

    def candidates(self, kid: str | None, algorithm: str) -> Sequence[jwt.PyJWK]:
        """Return the keys that may have signed a token (``RS256`` or ``ES256``).

        Raises:
            Unauthorized: the issuer publishes no such key.
            Unavailable: the key is not known, and the issuer's keys cannot be had now.
        """
        known = self._usable()
        if known is not None and (found := known.candidates(kid, algorithm)):
            if self._monotonic() - known.fetched_at_s > REFRESH_AFTER_S:
                self._refresh_in_background()
            return found
        if self._may_fetch():
            self._wait_for_fetch()
            known = self._usable()
        found = known.candidates(kid, algorithm) if known is not None else ()
        if found:
            return found
        if known is None or self._failed:
            raise Unavailable("the issuer's keys cannot be had")
        raise Unauthorized("unknown_key")

    def _usable(self) -> _KeySet | None:
        known = self._known
        if known is None or self._monotonic() - known.fetched_at_s > KEPT_MAX_S:
            return None
        return known

    def _may_fetch(self) -> bool:
        attempted_at_s = self._attempted_at_s
        return attempted_at_s is None or self._monotonic() - attempted_at_s >= COOLDOWN_S

    def _wait_for_fetch(self) -> None:
        if not self._waiting.acquire(blocking=False):
            raise Unavailable("too many wait for the issuer's keys")
        try:
            with self._fetching:
                # Another caller may have fetched while this one waited for the lock.
                if self._may_fetch():
                    self._fetch_now()
        finally:
            self._waiting.release()

    def _refresh_in_background(self) -> None:
        if self._may_fetch() and self._fetching.acquire(blocking=False):
            threading.Thread(target=self._refresh, name="issuer-keys", daemon=True).start()

    def _refresh(self) -> None:
        try:
            if self._may_fetch():
                self._fetch_now()
        finally:
            self._fetching.release()

    def _fetch_now(self) -> None:
        """Fetch and replace the keys; a failure is logged, and keeps the known ones."""
        try:
            keys = parse_keys(self._fetch(self._url))
        except Unavailable as error:
            self._failed = True
            known = self._known
            age_s = round(self._monotonic() - known.fetched_at_s) if known is not None else None
            log.warning("issuer_keys_failed", extra={"reason": str(error), "known_age_s": age_s})
        else:
            self._failed = False
            self._known = _KeySet(keys, self._monotonic())
        finally:
            self._attempted_at_s = self._monotonic()


def parse_keys(document: bytes) -> Sequence[jwt.PyJWK]:
    """Return the signing keys of a key set; leave out those of other kinds.

    Raises:
        Unavailable: the document is no key set, or has no key that can verify a token.
    """
    try:
        parsed = json.loads(document)
    except ValueError as error:
        raise Unavailable("the answer is not JSON") from error
    listed = parsed.get("keys") if isinstance(parsed, Mapping) else None
    if not isinstance(listed, list):
        raise Unavailable("the answer is no key set")
    keys = [key for one in listed if (key := _signing_key(one)) is not None]
    if not keys:
        raise Unavailable("the key set has no usable key")
    return keys


def fetch_document(url: str) -> bytes:
    """GET a document of at most ``DOCUMENT_MAX_BYTES``, in ``FETCH_TIMEOUT_S`` in all.

    Raises:
        Unavailable: out of reach, too slow, too long, or answered with another status than 200.
    """
    deadline_s = time.monotonic() + FETCH_TIMEOUT_S
    document = b""
    try:
        with urllib3.PoolManager(
            timeout=urllib3.Timeout(total=FETCH_TIMEOUT_S),
            retries=False,
            ssl_context=client_context(),
        ).request("GET", url, headers={"Accept": "application/json"}, preload_content=False) as got:
            if got.status != 200:
                raise Unavailable(f"the answer's status is {got.status}")
            for chunk in got.stream(_CHUNK_BYTES):
                document += chunk
                if len(document) > DOCUMENT_MAX_BYTES:
                    raise Unavailable("the answer is too long")
                if time.monotonic() > deadline_s:
                    raise Unavailable("the answer takes too long")
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise Unavailable(type(error).__name__) from error
    return document


def _signing_key(listed: Any) -> jwt.PyJWK | None:
    if not isinstance(listed, Mapping) or listed.get("use", "sig") != "sig":
        return None
    try:
        key = jwt.PyJWK.from_dict(dict(listed))
    except (jwt.PyJWTError, ValueError, TypeError):
        return None
    return key if key.algorithm_name in ALGORITHMS else None
