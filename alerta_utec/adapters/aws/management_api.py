"""The ``Poster`` over ``@connections``."""

import logging
import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    ConnectionError,
    HTTPClientError,
)

from alerta_utec.adapters.aws.clients import CONNECTIONS
from alerta_utec.adapters.aws.errors import code, status
from alerta_utec.domain.errors import Unavailable
from alerta_utec.ports import Posted

if TYPE_CHECKING:
    from mypy_boto3_apigatewaymanagementapi import ApiGatewayManagementApiClient

log = logging.getLogger(__name__)

TRIES = 3
_BASE_S = 0.1
# 410: no longer there; 400: no connection can have that id.
_NOBODY = (400, 410)


class _Outcome(Enum):
    DELIVERED = auto()
    GONE = auto()
    THROTTLED = auto()
    FAILED = auto()
    # Provably not sent, and through no fault of the client: out of reach, or not allowed.
    UNSENT = auto()


@dataclass(frozen=True)
class ManagementPoster:
    """Posts with a bounded number of threads, as many as ``client`` keeps connections.

    ``client`` must not retry by itself (``clients.management_api``): a request that timed
    out may have been carried out. Needs ``execute-api:ManageConnections`` for POST and GET.
    """

    client: "ApiGatewayManagementApiClient"
    threads: int = CONNECTIONS
    sleep: Callable[[float], None] = time.sleep

    def post(self, connection_ids: Sequence[str], frame: str) -> Posted:
        ids = list(dict.fromkeys(connection_ids))
        if not ids:
            return Posted()
        data = frame.encode()
        threads = min(len(ids), self.threads)
        with ThreadPoolExecutor(threads, thread_name_prefix="post") as pool:
            outcomes = list(pool.map(lambda name: self._post(name, data), ids))
        if set(outcomes) == {_Outcome.UNSENT}:
            raise Unavailable("@connections takes nothing")

        def those(*kinds: _Outcome) -> tuple[str, ...]:
            return tuple(
                name for name, outcome in zip(ids, outcomes, strict=True) if outcome in kinds
            )

        return Posted(
            delivered=outcomes.count(_Outcome.DELIVERED),
            gone=those(_Outcome.GONE),
            throttled=those(_Outcome.THROTTLED),
            failed=those(_Outcome.FAILED, _Outcome.UNSENT),
        )

    def _post(self, connection_id: str, data: bytes) -> _Outcome:
        outcome = _Outcome.FAILED
        for tried in range(TRIES):
            if tried:
                # Full jitter: the others of this batch must not come back in step.
                self.sleep(random.uniform(0, _BASE_S * 2**tried))  # noqa: S311 (no secret)
            try:
                self.client.post_to_connection(ConnectionId=connection_id, Data=data)
                return _Outcome.DELIVERED
            except (BotoCoreError, ClientError) as error:
                outcome, again = self._judge(connection_id, error)
            if not again:
                break
        return outcome

    def _judge(
        self, connection_id: str, error: BotoCoreError | ClientError
    ) -> tuple[_Outcome, bool]:
        """What the failure means, and whether another try can send nothing twice."""
        if isinstance(error, ClientError):
            if status(error) in _NOBODY:
                gone = self._is_gone(connection_id)
                return (_Outcome.GONE, False) if gone else (_Outcome.FAILED, True)
            if status(error) == 429:
                return _Outcome.THROTTLED, True
            refused = status(error) == 403
            log.warning("post_refused", extra={"error_code": code(error)})
            return (_Outcome.UNSENT if refused else _Outcome.FAILED), False
        log.warning("post_failed", extra={"error_code": code(error)})
        if isinstance(error, HTTPClientError):
            # Closed without an answer: as a rule a kept connection that died while the
            # Lambda was frozen, so nothing was sent. It may have been, though: whoever
            # listens de-duplicates.
            return _Outcome.FAILED, isinstance(error, ConnectionClosedError)
        return _Outcome.UNSENT, isinstance(error, ConnectionError)

    def _is_gone(self, connection_id: str) -> bool:
        """Whether a second look confirms it: a 410 is occasionally false."""
        try:
            self.client.get_connection(ConnectionId=connection_id)
        except (BotoCoreError, ClientError) as error:
            return isinstance(error, ClientError) and status(error) in _NOBODY
        return False
