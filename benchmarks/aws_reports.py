"""Reports while a broadcast is on its way, in an account whose quota both have to share.

The stand-in has one bucket for the messages of clients and for the posts to them, as API Gateway
has for an account. A report takes a request for its message, which its client sends again where it
is refused, and a post for its answer.
"""

import itertools
import threading
import time
from collections.abc import Callable
from typing import Any

from alerta_utec.client.actions import Timing
from alerta_utec.domain.backoff import delay_s
from benchmarks.aws_broadcast import http, poster

# Of the smaller Regions: these processes cannot post as fast as the quota of the others allows.
SMALL_QUOTA = {"rate": 2_500, "burst": 1_250}
BETWEEN_S = 0.05
FIRST_DELAY_S = Timing().first_delay_s
_REPORTER = "reporter="
FRAME = '{"type":"ack"}'


class Reporter:
    """A client that reports every 50 ms while ``run`` runs; ``seconds``: how long each took."""

    def __init__(self, url: str) -> None:
        self._http, self._poster = http(url, 1), poster(url, 1)
        self.seconds: list[float] = []

    def during(self, run: Callable[[], Any]) -> Any:
        """Report while ``run`` runs, and return its result."""
        ended = threading.Event()
        reporting = threading.Thread(target=self._report_until, args=(ended,))
        reporting.start()
        try:
            return run()
        finally:
            ended.set()
            reporting.join()
            self._http.close()

    def _report_until(self, ended: threading.Event) -> None:
        while not ended.wait(BETWEEN_S):
            began_s = time.perf_counter()
            self._send()
            self._poster.post([_REPORTER], FRAME)
            self.seconds.append(time.perf_counter() - began_s)

    def _send(self) -> None:
        """Send the message, again and again while it is refused, as the Python client does."""
        with self._http.channel(self._http.signer()) as channel:
            for refused in itertools.count():
                if channel.request("POST", _REPORTER).status != 429:
                    return
                time.sleep(delay_s(refused, base_s=FIRST_DELAY_S, cap_s=30, jitter=1))
