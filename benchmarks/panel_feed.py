"""A reporter that creates and changes incidents at a steady rate, over one socket."""

import itertools
import json
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

from websockets.sync.client import connect

ANSWER_S = 60.0
KINDS = ("Fuga de agua", "Corte de luz", "Humo", "Robo", "Ascensor detenido", "Vidrio roto")
PLACES = tuple(f"Pabellón {letter}" for letter in "ABCDEFGHIJ")
NEXT = {"pendiente": "en_atencion", "en_atencion": "pendiente"}


class Feed:
    """``with Feed(url) as feed:``: ``open`` has the status of each open incident by its id.

    ``changed`` counts the changes of the last ``changes``, each acknowledged.
    """

    def __init__(self, url: str) -> None:
        # A filter that matches nothing: this socket needs only its acks.
        self._socket = connect(
            f"{url}?type=none", compression=None, proxy=None, max_queue=None, ping_interval=None
        )
        self._numbers = itertools.count()
        self._random = random.Random(7)  # noqa: S311 (the same changes each time)
        self.open: dict[str, str] = {}
        self.changed = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._socket.close()

    def fill(self, count: int) -> None:
        """Report ``count`` incidents."""
        for _ in range(count):
            self._report()
        self._await_acks(count)

    @contextmanager
    def changes(self, rate: float) -> Iterator[None]:
        """Make ``rate`` changes a second inside the block, and await their acks after it.

        Of ten changes, two are new incidents, two resolve one, and six move one forward or back.
        """
        stop = threading.Event()
        self.changed = 0
        thread = threading.Thread(target=self._change, args=(rate, stop))
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
        self._await_acks(self.changed)

    def _change(self, rate: float, stop: threading.Event) -> None:
        began = time.monotonic()
        while not stop.wait(max(0.0, began + self.changed / rate - time.monotonic())):
            kind = self.changed % 10
            if kind in (0, 5):
                self._report()
            else:
                self._move(resolve=kind in (1, 6))
            self.changed += 1

    def _report(self) -> None:
        number = next(self._numbers)
        name = f"n-{number}"
        incident = {
            "incidentId": name,
            "type": KINDS[number % len(KINDS)],
            "location": PLACES[number % len(PLACES)],
            "urgency": "high" if number % 50 == 0 else "medium" if number % 10 == 0 else "low",
            "description": f"Aviso número {number}: se oye un ruido y huele a quemado.",
        }
        self.open[name] = "pendiente"
        self._send({"action": "notify", "incident": incident})

    def _move(self, *, resolve: bool) -> None:
        name = self._random.choice(list(self.open))
        status = NEXT[self.open[name]]
        if resolve:
            status = "resuelto"
            del self.open[name]
        else:
            self.open[name] = status
        self._send({"action": "update", "incidentId": name, "status": status})

    def _send(self, message: dict[str, Any]) -> None:
        self._socket.send(json.dumps({**message, "requestId": "r"}))

    def _await_acks(self, count: int) -> None:
        for _ in range(count):
            answer = json.loads(self._socket.recv(ANSWER_S))
            if answer.get("type") != "ack":
                raise RuntimeError(f"not taken: {answer}")
